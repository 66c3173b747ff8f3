import { mean } from './figures.ts'
import { groupBy } from './group-by.ts'
import type { DreamVerdict, EventCount } from './verdicts.ts'

/** Means over descriptions, each 0 to 1, and what AutoDQ makes of them; NaN where there is no description. */
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

/** One column of a further table. */
export interface DreamBucket extends DreamFigures {
  /** As upstream heads the column: `<=1`, `==2`, `in [4, 5]`. */
  readonly name: string
  readonly count: number
}

export interface DreamScores {
  /** By the annotated data set `NAME/sub task`, sorted. */
  readonly tasks: ReadonlyMap<string, DreamScore>
  /** Recall and precision are the means of the sub tasks' own, not of the samples. */
  readonly overall: DreamScore
  readonly buckets: {
    readonly subjects: readonly DreamBucket[]
    readonly shots: readonly DreamBucket[]
    readonly events: readonly DreamBucket[]
  }
}

/** A bucket holds the numbers up to and with `last` that the buckets before it do not. */
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
 * DREAM-1K's tables.
 *
 * @param failed the data set (`NAME/sub task`) of each sample that has no verdict, because it has no description or the judge gave none.
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

/** What part of a text's events the other text entails; a text without events counts as 1. */
export function entailedPart({ entailed, total }: EventCount): number {
  return total === 0 ? 1 : entailed / total
}

/** The harmonic mean. Where both are 0 it is 0; upstream divides by 0 there and prints `nan`. */
export function f1Of(recall: number, precision: number): number {
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision)
}

function figures(recall: number, precision: number): DreamFigures {
  return { f1: f1Of(recall, precision), recall, precision }
}

function figuresOf(verdicts: readonly DreamVerdict[]): DreamFigures {
  return figures(mean(verdicts.map(({ recall }) => entailedPart(recall))), mean(verdicts.map(({ precision }) => entailedPart(precision))))
}

/** Samples whose annotation lacks the number are in no bucket. */
function bucketsBy(verdicts: readonly DreamVerdict[], field: string, limits: readonly Limit[]): DreamBucket[] {
  const groups = groupBy(verdicts, ({ extraInfo }) => {
    const number = extraInfo[field]
    return typeof number === 'number' ? (limits.find(({ last }) => number <= last)?.name ?? '') : ''
  })
  return limits.map(({ name }) => {
    const group = groups.get(name) ?? []
    return { name, ...figuresOf(group), count: group.length }
  })
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
