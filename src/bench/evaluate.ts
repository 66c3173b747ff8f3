import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../jobs/write-file.ts'
import type { ErrorCode } from '../shared/error-codes.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import { isReference } from './annotation-fields.ts'
import { judgeDream } from './autodq/autodq.ts'
import type { Judged, JudgingOptions } from './autodq/judge-samples.ts'
import { judgeOpenEnded } from './autodq/open-ended.ts'
import { dataSetOf } from './datasets.ts'
import type { Judge } from './judges/judge.ts'
import { scoreCaptions } from './metrics/captions.ts'
import { checkedPairs } from './metrics/check.ts'
import { aggregateDream } from './metrics/dream.ts'
import { rulesOf, scoreMultiChoice } from './metrics/multi-choice.ts'
import { aggregateOpenEnded } from './metrics/open-ended.ts'
import { scoreVideoMme, VIDEO_MME } from './metrics/video-mme.ts'
import { judgeAnswersByRule, judgeDescriptionsByRule } from './moving-shapes/judge-by-rule.ts'
import type { Prediction, UpstreamVersion } from './prediction.ts'
import { captionReport } from './report/caption-report.ts'
import { checkReport } from './report/check-report.ts'
import { choiceReport } from './report/choice-report.ts'
import { dreamReport } from './report/dream-report.ts'
import type { EvalReport, ReportBody } from './report/eval-report.ts'
import { openReport } from './report/open-report.ts'
import { runInfoOf } from './report/run-info.ts'
import { RECORDS_FOLDER } from './report/save-report.ts'
import { videoMmeReport } from './report/video-mme-report.ts'
import type { Metric } from './sample.ts'
import { captionOutcomes, checkOutcomes, choiceOutcomes, dreamOutcomes, openOutcomes, type SampleOutcome } from './sample-outcome.ts'

export interface EvaluateOptions extends Omit<JudgingOptions, 'folder'> {
  /** Folder whose `eval_records` stores verdicts. */
  readonly folder: string
  /** Judge for the metrics that need one; null for none. */
  readonly judge: Judge | null
  /** Metric for data sets that this program does not know. */
  readonly metric?: Metric | undefined
  /** Version of upstream whose rules are used to parse answers and to average sub tasks. Defaults to {@link rulesOf} the predictions. */
  readonly rules?: UpstreamVersion | undefined
  /** Called for each sample, in the order of the predictions, once all are scored. */
  readonly onSample?: ((outcome: SampleOutcome) => void) | undefined
}

/**
 * Scores the predictions of one data set with its metric; samples without an answer or a reference count as failed. Throws `usage` for an unknown data set if no metric is given, `judge-unavailable` if a
 * judge is needed but missing, and as judging does.
 */
export async function evaluate(answers: readonly Prediction[], options: EvaluateOptions): Promise<EvalReport> {
  const predictions = answers.map(failedWithoutReference)
  const dataset = nameOf(predictions)
  const metric = dataSetOf(dataset)?.metric ?? options.metric
  if (metric === undefined) throw unknownSet(dataset)
  const { body, judged, outcomes } = await score(dataset, metric, predictions, options)
  if (options.onSample) outcomes.forEach(options.onSample)
  return {
    format: 1,
    dataset,
    metric,
    evaluated: new Date().toISOString(),
    run: runInfoOf(predictions),
    judge: judged && { name: judged.judge, prompts: [...judged.prompts] },
    failures: failuresOf(predictions, judged),
    ...body,
  }
}

/** An answer without a reference cannot be scored: the sample counts as failed. */
function failedWithoutReference(prediction: Prediction): Prediction {
  if (prediction.prediction === null || isReference(prediction.reference)) return prediction
  const error = { code: 'bench-damaged', message: 'The annotation has no reference, so the answer cannot be scored.' }
  return { ...prediction, prediction: null, error }
}

interface Scored {
  readonly body: ReportBody
  readonly judged: Judged<unknown> | null
  readonly outcomes: readonly SampleOutcome[]
}

async function score(dataset: string, metric: Metric, predictions: readonly Prediction[], options: EvaluateOptions): Promise<Scored> {
  switch (metric) {
    case 'multi-choice': {
      const { rules = rulesOf(predictions) } = options
      if (dataset === VIDEO_MME)
        return { body: videoMmeReport(scoreVideoMme(predictions)), judged: null, outcomes: choiceOutcomes(predictions, 1) }
      const body = choiceReport(dataset, scoreMultiChoice(predictions, rules))
      return { body, judged: null, outcomes: choiceOutcomes(predictions, rules === 1 ? 1 : 0) }
    }
    case 'cider': {
      const scores = scoreCaptions(predictions)
      return { body: captionReport(dataset, scores), judged: null, outcomes: captionOutcomes(predictions, scores) }
    }
    case 'autodq': {
      const judged = await (isOurs(dataset, options)
        ? judgeDescriptionsByRule(predictions, await recordsOf(options))
        : judgeDream(predictions, judgeFor(dataset, options), { ...options, folder: await recordsOf(options) }))
      const failed = judged.failed.map((sample) => sample.dataset)
      const body = dreamReport(dataset, aggregateDream(judged.verdicts, failed))
      return { body, judged, outcomes: dreamOutcomes(predictions, judged) }
    }
    case 'open-ended': {
      const judged = await (isOurs(dataset, options)
        ? judgeAnswersByRule(predictions, await recordsOf(options))
        : judgeOpenEnded(predictions, judgeFor(dataset, options), { ...options, folder: await recordsOf(options) }))
      const body = openReport(dataset, aggregateOpenEnded(judged.verdicts, judged.failed.length))
      return { body, judged, outcomes: openOutcomes(predictions, judged) }
    }
    case 'check': {
      const checked = checkedPairs(predictions)
      return { body: checkReport([...checked.values()], predictions.length), judged: null, outcomes: checkOutcomes(predictions, checked) }
    }
    default:
      return assertNever(metric, 'metric')
  }
}

/** Moving-shapes samples are judged by rule unless a judge is given. */
function isOurs(dataset: string, { judge }: EvaluateOptions): boolean {
  return judge === null && dataSetOf(dataset)?.group === 'moving-shapes'
}

function judgeFor(dataset: string, { judge }: EvaluateOptions): Judge {
  if (judge !== null) return judge
  throw new TarsierError(
    'judge-unavailable',
    `${dataset} needs a judge. Use openai (with OPENAI_API_KEY in the environment), azure, or local:PATH.gguf (offline).`,
  )
}

async function recordsOf({ folder }: EvaluateOptions): Promise<string> {
  const records = join(folder, RECORDS_FOLDER)
  try {
    await mkdir(records, { recursive: true })
  } catch (error) {
    throw writeError(records, error)
  }
  return records
}

function nameOf([first]: readonly Prediction[]): string {
  if (first === undefined) throw new TarsierError('nothing-found', 'There are no predictions to score.')
  return first.dataset.split('/', 1)[0] ?? first.dataset
}

function unknownSet(dataset: string): TarsierError {
  return new TarsierError('usage', `The data set "${dataset}" is unknown. Choose how it is scored with --metric.`)
}

/** Counts samples without a score by error code, where known. An answer that names no option has no code. */
function failuresOf(predictions: readonly Prediction[], judged: Judged<unknown> | null): Record<string, number> {
  const codes = judged
    ? judged.failed.map(({ error }) => error.code)
    : predictions.flatMap(({ error }) => (error ? [error.code as ErrorCode] : []))
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}
