import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { FrameUsed } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import { options } from '../options.ts'
import { idSchema, procedure } from './base.ts'
import type { ClipMetadata, FramePicture } from './clips.ts'

/**
 * Outcome of a sample.
 * - `right`, `wrong`: it has one right answer, and a rule or a judge compared with it.
 * - `scored`: a judge gave it a score from 0 to 1.
 * - `failed`: there is no answer, or none that can be scored.
 * - `answered`: the answer was not judged yet, or its metric does not score single samples.
 */
export const sampleStates = ['right', 'wrong', 'scored', 'failed', 'answered'] as const
export type SampleState = (typeof sampleStates)[number]

/** A figure for comparison; `best` is the maximum of its scale. */
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

/** A table as upstream's program prints it. */
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

/** A folder of predictions in a list. */
export interface BenchRunSummary {
  readonly id: string
  readonly name: string
  /** Its path, for display. */
  readonly place: string
  /** Whether the user opened it; others are in the app's own folder. */
  readonly opened: boolean
  /** Time of the last write, in milliseconds since 1970. */
  readonly changed: number
  /** From the first prediction; null if unknown. */
  readonly model: string | null
  /** Data sets with the figures of the last evaluation; empty if there was none. */
  readonly sets: readonly { readonly name: string; readonly headline: readonly BenchFigure[] }[]
}

export interface BenchSet {
  /** Annotated name without a sub task: `DREAM`. */
  readonly name: string
  readonly metric: 'autodq' | 'cider' | 'multi-choice' | 'open-ended' | 'check' | null
  /** `NAME/sub task`, if there are several. */
  readonly tasks: readonly string[]
  readonly counts: Readonly<Record<SampleState, number>>
  readonly headline: readonly BenchFigure[]
  readonly tables: readonly BenchTable[]
  readonly judge: string | null
  /** When the tables were computed; null if just now. */
  readonly evaluated: string | null
  readonly settings: readonly BenchDetail[]
}

export interface BenchRun extends Omit<BenchRunSummary, 'sets'> {
  readonly sets: readonly BenchSet[]
  /** Number of unusable lines, with position and reason of the first ones. */
  readonly broken: { readonly count: number; readonly first: readonly string[] }
}

/** A sample in a list. */
export interface SampleRow {
  readonly key: string
  /** Annotated name: `NAME` or `NAME/sub task`. */
  readonly dataset: string
  readonly state: SampleState
  /** From 0 to 1, if a judge or a rule gave one. */
  readonly score: number | null
  /** Start of the answer, or the error message. */
  readonly answer: string
  readonly reference: string
}

/** Part of a list: rows from `offset`, of `total`. */
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
  /** Reference events checked against the answer, and answer events checked against the reference. */
  | {
      readonly kind: 'events'
      readonly recall: { readonly share: number; readonly events: readonly JudgedEvent[] }
      readonly precision: { readonly share: number; readonly events: readonly JudgedEvent[] }
      readonly judge: string | null
    }
  | { readonly kind: 'judged'; readonly correct: boolean; readonly score: number; readonly reason: string; readonly judge: string | null }
  /** The judge gave no verdict; the next evaluation asks again. */
  | { readonly kind: 'none'; readonly reason: string; readonly judge: string | null }
  /** Letter named by the answer; null if none. */
  | { readonly kind: 'choice'; readonly letter: string | null }

/** Everything about one sample. */
export interface BenchSample {
  readonly key: string
  readonly dataset: string
  readonly state: SampleState
  readonly score: number | null
  readonly prompt: string
  /** The answer prefix. */
  readonly begun: string
  readonly question: string | null
  readonly references: readonly string[]
  readonly answer: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly verdict: SampleVerdict | null
  /** File name of the clip; null if the prediction names none. */
  readonly clip: string | null
  readonly frames: readonly FrameUsed[]
  /** Settings that it was made with, and further fields of its annotation. */
  readonly details: readonly BenchDetail[]
}

/** How the other run's answer compares with the first one's. */
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
  /** Counted over all samples that pass the filters other than `change`. */
  readonly counts: Readonly<Record<Change, number>>
}

/** Video categories of DREAM-1K, in the paper's order. */
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

/** A data set that can be run, with its number of samples. */
export interface BenchChoice {
  readonly name: string
  readonly samples: number
  /** Whether it can only be scored by a judge. */
  readonly judged: boolean
}

/**
 * State of a benchmark that the service runs.
 * - `running`: samples are being answered; see `step`.
 * - `stopped`: the user stopped it, or the program ended; it can be resumed.
 * - `failed`: see `error`; it can be resumed.
 * - `done`: all samples have an answer or a failure.
 */
export const benchJobStates = ['running', 'stopped', 'failed', 'done'] as const

/** A benchmark that the service runs. Its answers are written to a run of {@link BenchRunSummary.place}. */
export interface BenchJob {
  readonly id: string
  readonly name: string
  readonly place: string
  readonly state: (typeof benchJobStates)[number]
  readonly step: 'preparing' | 'answering' | 'scoring'
  readonly sets: readonly string[]
  readonly model: string
  /** Samples of all data sets; `done` includes failed ones and those of earlier sessions. `total` is 0 until the annotations are read. */
  readonly done: number
  readonly failed: number
  readonly total: number
  /** Samples per minute; null while unknown. */
  readonly perMinute: number | null
  readonly secondsLeft: number | null
  /** The last failures of this session. */
  readonly failures: readonly { readonly key: string; readonly message: string }[]
  /** Data sets that were not scored because they need a judge. */
  readonly notScored: readonly string[]
  readonly error: ErrorData | null
}

/** Choices for a new run. Folders are handles from the shell; without `annotations`, the data sets are this program's own. */
export const newBenchSchema = z
  .object({
    sets: z.array(z.string().min(1).max(200)).min(1).max(100),
    annotations: idSchema.exactOptional(),
    videos: idSchema.exactOptional(),
    model: options.model,
    frames: options.frames.exactOptional(),
    /** Largest number of samples of each data set. */
    limit: z.int().min(1).max(1e9).exactOptional(),
  })
  .strict()

const job = z.object({ job: idSchema })
const run = z.object({ run: idSchema })
const filters = {
  /** `NAME`, or `NAME/sub task`. */
  dataset: z.string().max(400).exactOptional(),
  /** Case-insensitive search text in key, prompt, answer or reference. */
  text: z.string().max(1000).default(''),
  offset: z.int().min(0).max(1e8).default(0),
  limit: z.int().min(1).max(500).default(100),
}
const key = z.string().min(1).max(2000)

export const samplesSchema = run.extend({
  ...filters,
  state: z.enum(sampleStates).exactOptional(),
  /** `worst` and `best` sort by score, with samples without one last. */
  order: z.enum(['run', 'worst', 'best']).default('run'),
})
export type SamplesQuery = z.infer<typeof samplesSchema>

export const compareSchema = run.extend({ ...filters, other: idSchema, change: z.enum(changes).exactOptional() })
export type CompareQuery = z.infer<typeof compareSchema>

export const benchContract = {
  /** Runs in the app's own folder and opened runs, last changed first; and the path of the app's own folder. */
  list: procedure.output(type<{ readonly runs: readonly BenchRunSummary[]; readonly folder: string }>()),
  /** Opens a folder by the handle that the shell gave. Throws `nothing-found` if it contains no predictions. */
  open: procedure.input(z.object({ folder: idSchema })).output(type<BenchRunSummary>()),
  /** Removes an opened folder from the list; its files stay. */
  close: procedure.input(run).output(type<void>()),
  get: procedure.input(run).output(type<BenchRun>()),
  samples: procedure.input(samplesSchema).output(type<Slice<SampleRow>>()),
  sample: procedure.input(run.extend({ key })).output(type<BenchSample>()),
  /** The sample's clip for playback, or the reason why it cannot be opened. */
  clip: procedure
    .input(run.extend({ key }))
    .output(type<{ readonly kind: 'clip'; readonly metadata: ClipMetadata } | { readonly kind: 'missing'; readonly error: ErrorData }>()),
  /** Thumbnail of the sample's clip, as `clips.thumbnail`; null if there is none. */
  thumbnail: procedure.input(run.extend({ key })).output(type<{ readonly jpeg: string | null }>()),
  /** The frames that the model saw, preprocessed if the model is installed, otherwise unchanged. */
  frames: procedure.input(run.extend({ key })).output(eventIterator(type<FramePicture>())),
  /** Two runs joined by sample keys, in the order of the first one. */
  compare: procedure.input(compareSchema).output(type<Comparison>()),
  /** DREAM-1K: published figures and those of all listed runs, best F1 first. */
  leaderboard: procedure.output(type<readonly LeaderboardRow[]>()),
  /** Data sets that can be run: those in a folder of annotations, or this program's own. */
  choices: procedure.input(z.object({ annotations: idSchema.exactOptional() })).output(type<readonly BenchChoice[]>()),
  /** Starts a run in the app's own folder. Throws `bench-busy` while another one is running. */
  start: procedure.input(newBenchSchema).output(type<BenchJob>()),
  stop: procedure.input(job).output(type<void>()),
  /** Continues a run that was stopped or has failed. `retryFailed` runs samples without an answer again. */
  resume: procedure.input(job.extend({ retryFailed: z.boolean().default(false) })).output(type<BenchJob>()),
  /** Removes a run from the list of jobs, and stops it first if it is running; its answers stay. */
  dismiss: procedure.input(job).output(type<void>()),
  /** Streams all jobs, newest first, now and whenever one of them changes. */
  jobs: procedure.output(eventIterator(type<readonly BenchJob[]>())),
}
