import { replaceFile } from '../../jobs/write-file.ts'
import type { ErrorData } from '../../shared/errors.ts'
import { countOf, type EvalInfo, evalIdOf, hitText } from '../autodq/eval-infos.ts'
import type { Judged, Unjudged } from '../autodq/judge-samples.ts'
import { entailedPart } from '../metrics/dream.ts'
import type { DreamVerdict, OpenVerdict } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { judgeDescription, judgeOpenAnswer, RULE_JUDGE, RULE_VERSION } from './rule.ts'

/** Computes AutoDQ of moving-shapes, whose closed language needs no language model. Writes every event and verdict to the folder. */
export async function judgeDescriptionsByRule(predictions: readonly Prediction[], folder: string): Promise<Judged<DreamVerdict>> {
  const judged = predictions.flatMap((prediction) => {
    const ruled = judgeDescription(prediction)
    return ruled ? [{ prediction, ruled }] : []
  })
  const lines = judged.map(({ prediction, ruled: { reference, predicted } }): EvalInfo => {
    const { extraInfo } = prediction
    const hits = { recall: hitText(reference, reference.length), precision: hitText(predicted, predicted.length) }
    return {
      idx: evalIdOf(prediction),
      gt: String(prediction.reference),
      pred: prediction.prediction ?? '',
      events_gt: [...reference],
      hit_num_recall: hits.recall,
      events_pred: [...predicted],
      hit_num_precision: hits.precision,
      score_r: entailedPart(countOf(reference, hits.recall)),
      score_p: entailedPart(countOf(predicted, hits.precision)),
      events_given: Array.isArray(extraInfo.events),
      extra_info: extraInfo,
      ...base(prediction),
    }
  })
  await save(folder, 'moving-shapes-dream', lines)
  return { ...byRule, verdicts: judged.map(({ ruled }) => ruled.verdict), failed: unjudged(predictions, judged) }
}

/** Judges open answers about moving-shapes by rule, likewise. */
export async function judgeAnswersByRule(predictions: readonly Prediction[], folder: string): Promise<Judged<OpenVerdict>> {
  const judged = predictions.flatMap((prediction) => {
    const verdict = judgeOpenAnswer(prediction)
    return verdict ? [{ prediction, verdict }] : []
  })
  const lines = judged.map(({ prediction, verdict: { correct, score } }) => ({
    idx: prediction.idx,
    question: prediction.question ?? prediction.prompt,
    answer: String(prediction.reference),
    pred: prediction.prediction ?? '',
    correct: correct ? 'yes' : 'no',
    score,
    reason: '',
    ...base(prediction),
  }))
  await save(folder, 'moving-shapes-oe', lines)
  return { ...byRule, verdicts: judged.map(({ verdict }) => verdict), failed: unjudged(predictions, judged) }
}

const byRule = { judge: RULE_JUDGE, prompts: [`${RULE_JUDGE} ${RULE_VERSION}`] }

function base({ key, dataset }: Prediction) {
  return { key, dataset, judge: RULE_JUDGE, prompts: { [RULE_JUDGE]: RULE_VERSION }, error: null }
}

function unjudged(predictions: readonly Prediction[], judged: readonly { readonly prediction: Prediction }[]): Unjudged[] {
  const done = new Set(judged.map(({ prediction }) => prediction))
  return predictions
    .filter((prediction) => !done.has(prediction))
    .map(({ key, dataset, error }) => ({ key, dataset, error: (error ?? noRule) as ErrorData }))
}

const noRule: ErrorData = {
  code: 'judge-failed',
  message: 'The rules cannot judge this answer because its question is not of moving-shapes.',
}

function save(folder: string, name: string, lines: readonly unknown[]): Promise<void> {
  return replaceFile(
    folder,
    `${name}_eval_infos.jsonl`,
    lines.map((line) => `${JSON.stringify(line)}\n`),
  )
}
