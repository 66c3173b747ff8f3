import { z } from 'zod'
import type { EventCount } from '../metrics/verdicts.ts'
import type { Prediction } from '../prediction.ts'
import { pythonStrip } from '../python-text.ts'
import { type EventVerdict, entailmentPrompt, eventVerdictSchema } from './entailment.ts'
import { extractPrompt } from './extract-events.ts'
import { recordBase } from './judge-samples.ts'

/** Upstream's name. */
export const EVAL_INFOS_FILE = 'DREAM_eval_infos.jsonl'
export const EVAL_FAILURES_FILE = 'DREAM_eval_failures.jsonl'

export const dreamPrompts = [extractPrompt, entailmentPrompt] as const

/** A line of `DREAM_eval_infos.jsonl`: upstream's fields (`idx` to `hit_num_precision`) and ours. */
export const evalInfoSchema = z.object({
  /** `dataset_idx`: {@link evalIdOf}. */
  idx: z.string(),
  /** The reference and the description, lower-cased as they were judged. */
  gt: z.string(),
  pred: z.string(),
  /** The reference's events held against the description; where it has none the whole reference as one. */
  events_gt: z.array(eventVerdictSchema),
  /** `hit: 3 / 5`; the second number is that of the events, and 0 where the whole text stood for them. */
  hit_num_recall: z.string(),
  /** The description's events held against the reference, likewise. */
  events_pred: z.array(eventVerdictSchema),
  hit_num_precision: z.string(),
  score_r: z.number(),
  score_p: z.number(),
  /** Whether the reference's events came with the annotation. */
  events_given: z.boolean(),
  extra_info: z.record(z.string(), z.unknown()),
  ...recordBase,
})

export type EvalInfo = z.infer<typeof evalInfoSchema>

/** How upstream's records name a sample; its predictions are told apart by the same. */
export function evalIdOf({ dataset, idx }: Pick<Prediction, 'dataset' | 'idx'>): string {
  return `${dataset}_${idx}`
}

/** As upstream writes it. @param total events of the text, which may be 0 where the whole text was judged as one */
export function hitText(verdicts: readonly EventVerdict[], total: number): string {
  return `hit: ${entailed(verdicts)} / ${total}`
}

/** The counts that a score is made of: a text without events counts 0 of 0, whatever was found of it as a whole. */
export function countOf(verdicts: readonly { readonly relationship: string }[], hit: string): EventCount {
  return /\/ 0$/.test(hit) ? { entailed: 0, total: 0 } : { entailed: entailed(verdicts), total: verdicts.length }
}

function entailed(verdicts: readonly { readonly relationship: string }[]): number {
  return verdicts.filter(({ relationship }) => pythonStrip(relationship).toLowerCase() === 'entailment').length
}
