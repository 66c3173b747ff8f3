import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { FrameUsed } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import { idSchema, procedure } from './base.ts'
import type { ClipMetadata, FramePicture } from './clips.ts'

/**
 * What became of a sample.
 * - `right`, `wrong`: it has one right answer, and a rule or a judge says which this one is.
 * - `scored`: a judge gave it a score from 0 to 1.
 * - `failed`: there is no answer, or none that can be counted.
 * - `answered`: there is an answer that nobody has judged, or whose metric says nothing of single ones.
 */
export const sampleStates = ['right', 'wrong', 'scored', 'failed', 'answered'] as const
export type SampleState = (typeof sampleStates)[number]

/** A figure that one compares; `best` is the end of its scale. */
export interface BenchFigure {
  readonly name: string
  readonly text: string
  readonly value: number | null
  readonly best: number | null
}

export interface BenchCell {
  readonly kind: 'text' | 'count' | 'score'
  readonly text: string
  readonly value: number | null
}

/** A table as the papers' program prints it. */
export interface BenchTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly BenchCell[])[]
  readonly best: number | null
}

export interface BenchDetail {
  readonly name: string
  readonly value: string
}

/** A folder of predictions, as lists show it. */
export interface BenchRunSummary {
  readonly id: string
  readonly name: string
  /** Where it lies, for people. */
  readonly place: string
  /** Whether a person opened it; the others lie among the app's own. */
  readonly opened: boolean
  /** When something was written to it last, in milliseconds since 1970. */
  readonly changed: number
  /** As the first prediction has it; null where it does not say. */
  readonly model: string | null
  /** Data sets, with the figures of the last evaluation; none where there was none. */
  readonly sets: readonly { readonly name: string; readonly headline: readonly BenchFigure[] }[]
}

export interface BenchSet {
  /** As annotated, without a sub task: `DREAM`. */
  readonly name: string
  readonly metric: 'autodq' | 'cider' | 'multi-choice' | 'open-ended' | null
  /** `NAME/sub task`, where there are several. */
  readonly tasks: readonly string[]
  readonly counts: Readonly<Record<SampleState, number>>
  readonly headline: readonly BenchFigure[]
  readonly tables: readonly BenchTable[]
  readonly judge: string | null
  /** When the tables were made; null where they were made just now. */
  readonly evaluated: string | null
  readonly settings: readonly BenchDetail[]
}

export interface BenchRun extends Omit<BenchRunSummary, 'sets'> {
  readonly sets: readonly BenchSet[]
  /** Lines that could not be used: how many, and of the first ones where they stand and why. */
  readonly broken: { readonly count: number; readonly first: readonly string[] }
}

/** A sample in a list. */
export interface SampleRow {
  readonly key: string
  /** As annotated, `NAME` or `NAME/sub task`. */
  readonly dataset: string
  readonly state: SampleState
  /** From 0 to 1 where a judge or a rule gave one. */
  readonly score: number | null
  /** The answer's beginning, or the error's sentence. */
  readonly answer: string
  readonly reference: string
}

/** Part of a long list: rows from `offset` on, of `total`. */
export interface Slice<T> {
  readonly offset: number
  readonly total: number
  readonly items: readonly T[]
}

export interface JudgedEvent {
  readonly event: string
  readonly relationship: string
  readonly reason: string
}

export type SampleVerdict =
  /** Events of the reference looked for in the answer, and events of the answer looked for in the reference. */
  | {
      readonly kind: 'events'
      readonly recall: { readonly share: number; readonly events: readonly JudgedEvent[] }
      readonly precision: { readonly share: number; readonly events: readonly JudgedEvent[] }
      readonly judge: string | null
    }
  | { readonly kind: 'judged'; readonly correct: boolean; readonly score: number; readonly reason: string; readonly judge: string | null }
  /** The judge gave no verdict; a further evaluation asks it again. */
  | { readonly kind: 'none'; readonly reason: string; readonly judge: string | null }
  /** The letter that the answer names; null where it names none. */
  | { readonly kind: 'choice'; readonly letter: string | null }

/** Everything about one sample. */
export interface BenchSample {
  readonly key: string
  readonly dataset: string
  readonly state: SampleState
  readonly score: number | null
  readonly prompt: string
  /** What the answer was begun with. */
  readonly begun: string
  readonly question: string | null
  readonly references: readonly string[]
  readonly answer: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly verdict: SampleVerdict | null
  /** Name of the clip's file; null where the prediction names none. */
  readonly clip: string | null
  readonly frames: readonly FrameUsed[]
  /** With what it was made, and what its annotation says besides. */
  readonly details: readonly BenchDetail[]
}

/** How the other run's answer is to be taken beside the first one's. */
export const changes = ['better', 'worse', 'same', 'only-first', 'only-second', 'unknown'] as const
export type Change = (typeof changes)[number]

export interface ComparedRow {
  readonly key: string
  readonly dataset: string
  readonly change: Change
  readonly first: SampleRow | null
  readonly second: SampleRow | null
}

export interface Comparison extends Slice<ComparedRow> {
  /** Of all that the filters besides `change` let through. */
  readonly counts: Readonly<Record<Change, number>>
}

/** The kinds of videos in DREAM-1K, in the papers' order. */
export const dreamKinds = ['Live-action', 'Animation', 'Stock', 'YouTube', 'Shorts'] as const
export type DreamKind = (typeof dreamKinds)[number]

/** In per cent. */
export interface DreamTriple {
  readonly f1: number
  readonly precision: number
  readonly recall: number
}

export interface LeaderboardRow {
  readonly model: string
  readonly overall: DreamTriple
  readonly kinds: Readonly<Partial<Record<DreamKind, DreamTriple>>>
  readonly source:
    | { readonly kind: 'published'; readonly title: string; readonly place: string; readonly address: string }
    | { readonly kind: 'own'; readonly run: string; readonly name: string; readonly judged: number; readonly judge: string | null }
}

const run = z.object({ run: idSchema })
const filters = {
  /** `NAME`, or `NAME/sub task`. */
  dataset: z.string().max(400).exactOptional(),
  /** Words that stand, as they are but for capitals, in key, prompt, answer or reference. */
  text: z.string().max(1000).default(''),
  offset: z.int().min(0).max(1e8).default(0),
  limit: z.int().min(1).max(500).default(100),
}
const key = z.string().min(1).max(2000)

export const samplesSchema = run.extend({
  ...filters,
  state: z.enum(sampleStates).exactOptional(),
  /** `worst` and `best` go by the score, samples without one last. */
  order: z.enum(['run', 'worst', 'best']).default('run'),
})
export type SamplesQuery = z.infer<typeof samplesSchema>

export const compareSchema = run.extend({ ...filters, other: idSchema, change: z.enum(changes).exactOptional() })
export type CompareQuery = z.infer<typeof compareSchema>

export const benchContract = {
  /** Runs of the app's own folder and those that were opened, the last changed first; and where the app's own lie. */
  list: procedure.output(type<{ readonly runs: readonly BenchRunSummary[]; readonly folder: string }>()),
  /** A folder that the shell gave a handle for. Fails with `nothing-found` where no predictions lie in it. */
  open: procedure.input(z.object({ folder: idSchema })).output(type<BenchRunSummary>()),
  /** Takes an opened folder off the list; its files stay. */
  close: procedure.input(run).output(type<void>()),
  get: procedure.input(run).output(type<BenchRun>()),
  samples: procedure.input(samplesSchema).output(type<Slice<SampleRow>>()),
  sample: procedure.input(run.extend({ key })).output(type<BenchSample>()),
  /** The sample's clip, to be played; why there is none, where it cannot be opened. */
  clip: procedure
    .input(run.extend({ key }))
    .output(type<{ readonly kind: 'clip'; readonly metadata: ClipMetadata } | { readonly kind: 'missing'; readonly error: ErrorData }>()),
  /** The frames that the model saw, as it saw them where the model is here, else as they are. */
  frames: procedure.input(run.extend({ key })).output(eventIterator(type<FramePicture>())),
  /** Two runs side by side, joined by the samples' keys in the first one's order. */
  compare: procedure.input(compareSchema).output(type<Comparison>()),
  /** DREAM-1K: published figures and those of all listed runs, the best F1 first. */
  leaderboard: procedure.output(type<readonly LeaderboardRow[]>()),
}
