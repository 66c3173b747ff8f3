import { z } from 'zod'
import { type EventVerdict, entailmentPrompt, eventVerdictSchema } from './entailment.ts'
import { extractPrompt } from './extract-events.ts'
import { recordBase } from './judge-samples.ts'

/** Upstream's name. */
export const EVAL_INFOS_FILE = 'DREAM_eval_infos.jsonl'

export const dreamPrompts = [extractPrompt, entailmentPrompt] as const

/**
 * A line of `DREAM_eval_infos.jsonl`: upstream's fields (`idx` to `hit_num_precision`) and ours. Where there is no verdict, `error` says why and
 * all that would come of one is null.
 */
export const evalInfoSchema = z.object({
  idx: z.union([z.number(), z.string()]),
  /** The reference and the description, lower-cased as they were judged. */
  gt: z.string(),
  pred: z.string(),
  /** The reference's events held against the description. */
  events_gt: z.array(eventVerdictSchema).nullable(),
  /** `hit: 3 / 5`. */
  hit_num_recall: z.string().nullable(),
  /** The description's events held against the reference. */
  events_pred: z.array(eventVerdictSchema).nullable(),
  hit_num_precision: z.string().nullable(),
  score_r: z.number().nullable(),
  score_p: z.number().nullable(),
  /** Whether the reference's events came with the annotation. */
  events_given: z.boolean(),
  extra_info: z.record(z.string(), z.unknown()),
  ...recordBase,
})

export type EvalInfo = z.infer<typeof evalInfoSchema>

export function entailed(verdicts: readonly EventVerdict[]): number {
  return verdicts.filter(({ relationship }) => relationship === 'entailment').length
}

/** As upstream writes it. */
export function hitText(verdicts: readonly EventVerdict[]): string {
  return `hit: ${entailed(verdicts)} / ${verdicts.length}`
}

/** Share of the events that are entailed; 1 where there is none, as upstream has it. */
export function scoreOf(verdicts: readonly EventVerdict[]): number {
  return verdicts.length === 0 ? 1 : entailed(verdicts) / verdicts.length
}
