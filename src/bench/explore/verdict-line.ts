import { z } from 'zod'
import { entailedPart, f1Of } from '../metrics/dream.ts'
import type { EventCount } from '../metrics/verdicts.ts'

const eventSchema = z.object({ event: z.string(), relationship: z.string(), reason: z.string().nullish() })

const common = {
  /** Only this program writes it; upstream has the number alone. */
  key: z.string().optional(),
  idx: z.union([z.string(), z.number()]).optional(),
  judge: z.string().nullish(),
}

/** A line of `DREAM_eval_infos.jsonl`, of this program or of the Python one. */
const eventsSchema = z.object({
  ...common,
  events_gt: z.array(eventSchema),
  events_pred: z.array(eventSchema),
  hit_num_recall: z.string().optional(),
  hit_num_precision: z.string().optional(),
})

const judgedSchema = z.object({ ...common, correct: z.boolean(), score: z.number(), reason: z.string().nullish() })

type JudgedEvent = z.infer<typeof eventSchema>

/** What a judge said of one sample. */
export type VerdictLine = { readonly key: string | null; readonly idx: string | null; readonly judge: string | null } & (
  | { readonly kind: 'events'; readonly recall: JudgedSide; readonly precision: JudgedSide }
  | { readonly kind: 'judged'; readonly correct: boolean; readonly score: number; readonly reason: string }
)

/** Events of one text, each held against the other text. */
export interface JudgedSide {
  readonly count: EventCount
  readonly events: readonly JudgedEvent[]
}

/** Null for a line that is no verdict. */
export function parseVerdict(value: unknown): VerdictLine | null {
  const events = eventsSchema.safeParse(value)
  if (events.success) {
    const { events_gt, events_pred, hit_num_recall, hit_num_precision } = events.data
    return {
      kind: 'events',
      ...whose(events.data),
      recall: side(events_gt, hit_num_recall),
      precision: side(events_pred, hit_num_precision),
    }
  }
  const judged = judgedSchema.safeParse(value)
  if (!judged.success) return null
  const { correct, score, reason } = judged.data
  return { kind: 'judged', ...whose(judged.data), correct, score, reason: reason ?? '' }
}

/** AutoDQ's F1 of one description, 0 to 1. */
export function f1OfCounts(recall: EventCount, precision: EventCount): number {
  return f1Of(entailedPart(recall), entailedPart(precision))
}

function whose({ key, idx, judge }: z.infer<z.ZodObject<typeof common>>) {
  return { key: key ?? null, idx: idx === undefined ? null : String(idx), judge: judge ?? null }
}

/** A text without events is asked about as a whole, and counts as 0 of 0 all the same: only the words beside the events tell. */
function side(events: readonly JudgedEvent[], hit: string | undefined): JudgedSide {
  const entailed = events.filter(({ relationship }) => relationship.trim().toLowerCase() === 'entailment').length
  const none = /\/ 0$/.test(hit ?? '')
  return { count: none ? { entailed: 0, total: 0 } : { entailed, total: events.length }, events }
}
