import { numberSchema } from '../annotation-fields.ts'
import { mean } from './figures.ts'
import { groupBy } from './group-by.ts'
import type { DreamVerdict, EventCount } from './verdicts.ts'

/** Means over descriptions, each 0 to 1, and AutoDQ's F1 of them; NaN without descriptions. */
export interface DreamFigures {
  readonly f1: number
  readonly recall: number
  readonly precision: number
}

/** One row of the table. */
export interface DreamScore extends DreamFigures {
  readonly success: number
  readonly failed: number
}

/** One column of an additional table. */
export interface DreamBucket extends DreamFigures {
  /** Upstream's column heading: `<=1`, `==2`, `in [4, 5]`. */
  readonly name: string
  readonly count: number
}

export interface DreamScores {
  /** Scores by annotated data set `NAME/sub task`, sorted. */
  readonly tasks: ReadonlyMap<string, DreamScore>
  /** Overall score. Recall and precision are means over the sub tasks, not over the samples. */
  readonly overall: DreamScore
  readonly buckets: {
    readonly subjects: readonly DreamBucket[]
    readonly shots: readonly DreamBucket[]
    readonly events: readonly DreamBucket[]
  }
}

/** A bucket contains the values up to and including `last` that no earlier bucket contains. */
interface Limit {
  readonly name: string
  readonly last: number
}

const few: readonly Limit[] = [
  { name: '<=1', last: 1 },
  { name: '==2', last: 2 },
  { name: '==3', last: 3 },
  { name: '>=4', last: Number.POSITIVE_INFINITY },
]

const many: readonly Limit[] = [
  { name: '<=3', last: 3 },
  { name: 'in [4, 5]', last: 5 },
  { name: 'in [6, 7]', last: 7 },
  { name: '>=8', last: Number.POSITIVE_INFINITY },
]

/**
 * Computes DREAM-1K's tables.
 *
 * @param failed the data set (`NAME/sub task`) of each sample without a verdict, because it has no description or the judge returned none.
 */
export function aggregateDream(verdicts: readonly DreamVerdict[], failed: readonly string[]): DreamScores {
  const judged = groupBy(verdicts, (verdict) => verdict.dataset)
  const missing = groupBy(failed, (dataset) => dataset)
  const names = [...new Set([...judged.keys(), ...missing.keys()])].sort(byCodePoint)
  const tasks = new Map(
    names.map((name) => {
      const group = judged.get(name) ?? []
      return [name, { ...figuresOf(group), success: group.length, failed: missing.get(name)?.length ?? 0 }]
    }),
  )
  const scored = [...tasks.values()].filter(({ success }) => success > 0)
  const overall = figures(mean(scored.map(({ recall }) => recall)), mean(scored.map(({ precision }) => precision)))
  return {
    tasks,
    overall: { ...overall, success: verdicts.length, failed: failed.length },
    buckets: {
      subjects: bucketsBy(verdicts, 'n_subjects', few),
      shots: bucketsBy(verdicts, 'n_shots', few),
      events: bucketsBy(verdicts, 'n_events', many),
    },
  }
}

/** Returns the share of a text's events that the other text entails; 1 for a text without events. */
export function entailedPart({ entailed, total }: EventCount): number {
  return total === 0 ? 1 : entailed / total
}

/** Returns the harmonic mean; 0 if both are 0, where upstream divides by 0 and prints `nan`. */
export function f1Of(recall: number, precision: number): number {
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision)
}

function figures(recall: number, precision: number): DreamFigures {
  return { f1: f1Of(recall, precision), recall, precision }
}

function figuresOf(verdicts: readonly DreamVerdict[]): DreamFigures {
  return figures(mean(verdicts.map(({ recall }) => entailedPart(recall))), mean(verdicts.map(({ precision }) => entailedPart(precision))))
}

/** Groups verdicts into buckets by an annotated number. Samples whose annotation lacks it are in no bucket. */
function bucketsBy(verdicts: readonly DreamVerdict[], field: string, limits: readonly Limit[]): DreamBucket[] {
  const groups = groupBy(verdicts, ({ extraInfo }) => {
    const number = numberSchema.safeParse(extraInfo[field]).data ?? Number.NaN
    return limits.find(({ last }) => number <= last)?.name ?? ''
  })
  return limits.map(({ name }) => {
    const group = groups.get(name) ?? []
    return { name, ...figuresOf(group), count: group.length }
  })
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
