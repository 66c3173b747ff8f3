import { z } from 'zod'
import { countOf } from '../autodq/eval-infos.ts'
import { entailedPart, f1Of } from '../metrics/dream.ts'
import type { EventCount } from '../metrics/verdicts.ts'

const eventSchema = z.object({ event: z.string(), relationship: z.string(), reason: z.string().nullish() })

/** Fields that this program writes for each sample; upstream has only `idx`, which is `dataset_idx`. */
const common = {
  key: z.string().optional(),
  idx: z.union([z.string(), z.number()]).optional(),
  judge: z.string().nullish(),
  /** The answer that was judged, in whatever case. */
  pred: z.string().nullish(),
}

/** A sample on which the judge failed, to be judged again on the next run. */
const failedSchema = z.object({ ...common, error: z.object({ code: z.string(), message: z.string() }) })

/** A line of `DREAM_eval_infos.jsonl`, written by this program or by the Python one. */
const eventsSchema = z.object({
  ...common,
  events_gt: z.array(eventSchema),
  events_pred: z.array(eventSchema),
  hit_num_recall: z.string().nullish(),
  hit_num_precision: z.string().nullish(),
})

const openSchema = z.object({ ...common, correct: z.enum(['yes', 'no']), score: z.number(), reason: z.string().nullish() })

const lineSchema = z.union([failedSchema, eventsSchema, openSchema])

type JudgedEvent = z.infer<typeof eventSchema>

/** The events of one text, each judged against the other text. */
export interface JudgedSide {
  readonly count: EventCount
  readonly events: readonly JudgedEvent[]
}

/** What every line of verdicts says. */
interface Judging {
  readonly key: string | null
  readonly idx: string | null
  readonly judge: string | null
  /** The answer that was judged, in whatever case; null if unknown. */
  readonly answer: string | null
}

/** A judge's verdict on one sample. */
export type VerdictLine = Judging &
  (
    | { readonly kind: 'none'; readonly reason: string }
    | { readonly kind: 'events'; readonly recall: JudgedSide; readonly precision: JudgedSide }
    | { readonly kind: 'judged'; readonly correct: boolean; readonly score: number; readonly reason: string }
  )

/** Parses a verdict; null if the line is not one. */
export function parseVerdict(value: unknown): VerdictLine | null {
  const { data } = lineSchema.safeParse(value)
  if (!data) return null
  const { key = null, idx, judge = null, pred = null } = data
  const whose = { key, idx: idx === undefined ? null : String(idx), judge, answer: pred }
  if ('error' in data) return { kind: 'none', ...whose, reason: data.error.message }
  if ('correct' in data) return { kind: 'judged', ...whose, correct: data.correct === 'yes', score: data.score, reason: data.reason ?? '' }
  const { events_gt, events_pred, hit_num_recall, hit_num_precision } = data
  return { kind: 'events', ...whose, recall: side(events_gt, hit_num_recall), precision: side(events_pred, hit_num_precision) }
}

/** Returns AutoDQ's F1 of one description, from 0 to 1. */
export function f1OfCounts(recall: EventCount, precision: EventCount): number {
  return f1Of(entailedPart(recall), entailedPart(precision))
}

/** Upstream judges a text without events as a whole but counts 0 of 0; only the hit text beside the events shows this. */
function side(events: readonly JudgedEvent[], hit: string | null | undefined): JudgedSide {
  return { count: countOf(events, hit ?? ''), events }
}
