import { z } from 'zod'
import type { EventCount } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { pythonStrip } from '../python-text.ts'
import { type EventVerdict, entailmentPrompt, eventVerdictSchema } from './entailment.ts'
import { extractPrompt } from './extract-events.ts'
import { recordBase } from './judge-samples.ts'

/** File name that upstream uses. */
export const EVAL_INFOS_FILE = 'DREAM_eval_infos.jsonl'
export const EVAL_FAILURES_FILE = 'DREAM_eval_failures.jsonl'

export const dreamPrompts = [extractPrompt, entailmentPrompt] as const

/** A line of `DREAM_eval_infos.jsonl`: upstream's fields (`idx` to `hit_num_precision`), followed by this program's. */
export const evalInfoSchema = z.object({
  /** `dataset_idx`: {@link evalIdOf}. */
  idx: z.string(),
  /** The reference and the description in lower case, as they were judged. */
  gt: z.string(),
  pred: z.string(),
  /** Verdicts on the reference's events against the description; if it has no events, one verdict on the whole reference. */
  events_gt: z.array(eventVerdictSchema),
  /** `hit: 3 / 5`. The second number counts the events, and is 0 if the whole text was judged. */
  hit_num_recall: z.string(),
  /** Verdicts on the description's events against the reference, in the same form. */
  events_pred: z.array(eventVerdictSchema),
  hit_num_precision: z.string(),
  score_r: z.number(),
  score_p: z.number(),
  /** Whether the annotation provided the reference's events. */
  events_given: z.boolean(),
  extra_info: z.record(z.string(), z.unknown()),
  ...recordBase,
})

export type EvalInfo = z.infer<typeof evalInfoSchema>

/** Returns the ID of a sample in upstream's records, which also identifies its predictions. */
export function evalIdOf({ dataset, idx }: Pick<Prediction, 'dataset' | 'idx'>): string {
  return `${dataset}_${idx}`
}

/** Formats the hit count as upstream does. @param total number of events in the text; 0 if the whole text was judged as one */
export function hitText(verdicts: readonly EventVerdict[], total: number): string {
  return `hit: ${entailed(verdicts)} / ${total}`
}

/** Returns the counts from which a score is computed. A text without events counts as 0 of 0, whatever the verdict on the whole text. */
export function countOf(verdicts: readonly { readonly relationship: string }[], hit: string): EventCount {
  return /\/ 0$/.test(hit) ? { entailed: 0, total: 0 } : { entailed: entailed(verdicts), total: verdicts.length }
}

function entailed(verdicts: readonly { readonly relationship: string }[]): number {
  return verdicts.filter(({ relationship }) => pythonStrip(relationship).toLowerCase() === 'entailment').length
}
