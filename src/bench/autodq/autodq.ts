import type { Judge } from '../judges/judge.ts'
import type { DreamVerdict } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { judgeEvents } from './entailment.ts'
import { dreamPrompts, EVAL_INFOS_FILE, type EvalInfo, entailed, evalInfoSchema, hitText, scoreOf } from './eval-infos.ts'
import { extractEvents, givenEvents } from './extract-events.ts'
import {
  type Answered,
  type Judged,
  type Judging,
  type JudgingOptions,
  judgedFrom,
  judgeSamples,
  type RecordBase,
} from './judge-samples.ts'

/**
 * AutoDQ: how many of the reference's events a description entails (recall), and how many of the description's own the reference entails
 * (precision). Every event, verdict and reason is kept in `DREAM_eval_infos.jsonl` of the folder, from which the work goes on. Throws as
 * {@link judgeSamples} does.
 */
export async function judgeDream(predictions: readonly Prediction[], judge: Judge, options: JudgingOptions): Promise<Judged<DreamVerdict>> {
  const judging = dreamJudging(judge)
  const records = await judgeSamples(predictions, judge, judging, options)
  return judgedFrom(predictions, judge, judging, records, ({ key, dataset, events_gt, events_pred }, { extraInfo }) => ({
    key,
    dataset,
    extraInfo,
    recall: { entailed: entailed(events_gt ?? []), total: events_gt?.length ?? 0 },
    precision: { entailed: entailed(events_pred ?? []), total: events_pred?.length ?? 0 },
  }))
}

function dreamJudging(judge: Judge): Judging<EvalInfo> {
  return {
    file: EVAL_INFOS_FILE,
    prompts: dreamPrompts,
    schema: evalInfoSchema,
    isVerdictOn(kept, prediction) {
      if (kept.events_gt === null || kept.events_pred === null) return false
      const { gt, pred } = textsOf(prediction)
      const given = givenEvents(prediction.extraInfo)
      return kept.gt === gt && kept.pred === pred && (given === null ? !kept.events_given : isSame(given, kept))
    },
    async judge(prediction, base, signal) {
      const { gt, pred } = textsOf(prediction)
      const ofReference = givenEvents(prediction.extraInfo) ?? (await extractEvents(judge, gt, signal))
      const ofDescription = await extractEvents(judge, pred, signal)
      const events_gt = await judgeEvents(judge, ofReference, pred, signal)
      const events_pred = await judgeEvents(judge, ofDescription, gt, signal)
      return {
        ...record(prediction, base),
        events_gt,
        hit_num_recall: hitText(events_gt),
        events_pred,
        hit_num_precision: hitText(events_pred),
        score_r: scoreOf(events_gt),
        score_p: scoreOf(events_pred),
      }
    },
    withoutVerdict: record,
  }
}

/** A record whose verdict is still to come. */
function record(prediction: Answered, base: RecordBase): EvalInfo {
  return {
    idx: prediction.idx,
    ...textsOf(prediction),
    events_gt: null,
    hit_num_recall: null,
    events_pred: null,
    hit_num_precision: null,
    score_r: null,
    score_p: null,
    events_given: givenEvents(prediction.extraInfo) !== null,
    extra_info: prediction.extraInfo,
    ...base,
  }
}

function textsOf({ prediction, reference }: Answered): { readonly gt: string; readonly pred: string } {
  return { gt: (typeof reference === 'string' ? reference : reference.join('\n')).toLowerCase(), pred: prediction.toLowerCase() }
}

function isSame(given: readonly string[], { events_given, events_gt }: EvalInfo): boolean {
  return events_given && given.length === events_gt?.length && given.every((event, index) => event === events_gt[index]?.event)
}
