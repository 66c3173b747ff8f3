import type { Judge } from '../judges/judge.ts'
import { entailedPart } from '../metrics/dream.ts'
import type { DreamVerdict } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { judgeEvents } from './entailment.ts'
import {
  countOf,
  dreamPrompts,
  EVAL_FAILURES_FILE,
  EVAL_INFOS_FILE,
  type EvalInfo,
  evalIdOf,
  evalInfoSchema,
  hitText,
} from './eval-infos.ts'
import { extractEvents, givenEvents } from './extract-events.ts'
import { type Answered, type Judged, type Judging, type JudgingOptions, judgedFrom, judgeSamples } from './judge-samples.ts'

/**
 * AutoDQ: the share of the reference's events that a description entails (recall), and the share of the description's events that the reference
 * entails (precision). Stores every event, verdict and reason in `DREAM_eval_infos.jsonl` of the folder, and resumes from it. Throws as
 * {@link judgeSamples} does.
 */
export async function judgeDream(predictions: readonly Prediction[], judge: Judge, options: JudgingOptions): Promise<Judged<DreamVerdict>> {
  const judging = dreamJudging(judge)
  const outcome = await judgeSamples(predictions, judge, judging, options)
  return judgedFrom(predictions, judge, judging, outcome, (stored, { extraInfo }) => ({
    key: stored.key,
    dataset: stored.dataset,
    extraInfo,
    recall: countOf(stored.events_gt, stored.hit_num_recall),
    precision: countOf(stored.events_pred, stored.hit_num_precision),
  }))
}

function dreamJudging(judge: Judge): Judging<EvalInfo> {
  return {
    file: EVAL_INFOS_FILE,
    failuresFile: EVAL_FAILURES_FILE,
    prompts: dreamPrompts,
    schema: evalInfoSchema,
    isVerdictOn(stored, prediction) {
      const { gt, pred } = textsOf(prediction)
      const given = givenEvents(prediction.extraInfo)
      return stored.gt === gt && stored.pred === pred && (given === null ? !stored.events_given : isSame(given, gt, stored))
    },
    async judge(prediction, base, signal) {
      const { gt, pred } = textsOf(prediction)
      const given = givenEvents(prediction.extraInfo)
      const ofReference = given ?? (await extractEvents(judge, gt, signal))
      const ofDescription = await extractEvents(judge, pred, signal)
      const events_gt = await judgeEvents(judge, askedAbout(ofReference, gt), pred, signal)
      const events_pred = await judgeEvents(judge, askedAbout(ofDescription, pred), gt, signal)
      const hits = { hit_num_recall: hitText(events_gt, ofReference.length), hit_num_precision: hitText(events_pred, ofDescription.length) }
      return {
        idx: evalIdOf(prediction),
        gt,
        pred,
        events_gt,
        hit_num_recall: hits.hit_num_recall,
        events_pred,
        hit_num_precision: hits.hit_num_precision,
        score_r: entailedPart(countOf(events_gt, hits.hit_num_recall)),
        score_p: entailedPart(countOf(events_pred, hits.hit_num_precision)),
        events_given: given !== null,
        extra_info: prediction.extraInfo,
        ...base,
      }
    },
  }
}

/** Upstream judges a text without events as a whole; this changes no score. An empty text is not judged. */
function askedAbout(events: readonly string[], text: string): readonly string[] {
  if (events.length > 0 || text.trim() === '') return events
  return [text.replaceAll('\n', ' ')]
}

function textsOf({ prediction, reference }: Answered): { readonly gt: string; readonly pred: string } {
  return { gt: (typeof reference === 'string' ? reference : reference.join('\n')).toLowerCase(), pred: prediction.toLowerCase() }
}

function isSame(given: readonly string[], gt: string, { events_given, events_gt }: EvalInfo): boolean {
  const asked = askedAbout(given, gt)
  return events_given && asked.length === events_gt.length && asked.every((event, index) => event === events_gt[index]?.event)
}
