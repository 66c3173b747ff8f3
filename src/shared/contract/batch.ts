import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { ErrorData } from '../errors.ts'
import { type AskSettings, askSettingsSchema, questionSchema } from './asking.ts'
import { type Found, idSchema, type Page, pageSchema, procedure, type TextFile } from './base.ts'

export type BatchState = 'running' | 'paused' | 'done'
export const itemStates = ['waiting', 'running', 'done', 'failed', 'skipped'] as const
export type ItemState = (typeof itemStates)[number]

/** Many clips, one question. It goes on by itself, survives the program's end, and keeps every answer in the library. */
export interface BatchJob {
  readonly id: string
  readonly title: string
  /** Null asks for the model's own description. */
  readonly question: string | null
  readonly settings: AskSettings
  readonly state: BatchState
  readonly counts: Readonly<Record<ItemState, number>>
  readonly created: number
  /** Seconds until its end, by what was done so far; null before the first is done. */
  readonly secondsLeft: number | null
}

export interface BatchItem {
  readonly id: string
  /** From 0, in the order in which they were given. */
  readonly position: number
  readonly clip: string
  readonly name: string
  /** The file as its user gave it: its path, or of an upload its name, after the folders that the browser named. */
  readonly path: string
  readonly state: ItemState
  /** From 0 to 1, of one that is running. */
  readonly progress: number
  /** The answer's beginning, at most 200 characters. */
  readonly excerpt: string
  /** The conversation that holds the answer. */
  readonly chat: string | null
  readonly error: ErrorData | null
}

export type BatchEvent =
  | { readonly kind: 'job'; readonly job: BatchJob }
  | { readonly kind: 'item'; readonly item: BatchItem }
  /** Many were changed or added at once, and are not told of one by one. */
  | { readonly kind: 'items' }

export const exportFormats = ['txt', 'jsonl', 'csv', 'srt', 'markdown'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** What writing a text beside each clip came to; paths are those of the texts. */
export interface SidecarReport {
  readonly written: number
  /** Texts that were there already, and were left as they are. */
  readonly present: readonly string[]
  readonly failed: readonly { readonly name: string; readonly error: ErrorData }[]
}

const job = z.object({ job: idSchema })

export const batchContract = {
  /** Begins a batch over clips. `skipDescribed` leaves out those that the library has an answer for, to the same question and of the same model. */
  create: procedure
    .input(
      z.object({
        title: z.string().trim().max(200).optional(),
        clips: z.array(idSchema).min(1).max(100_000),
        question: questionSchema.optional(),
        settings: askSettingsSchema.default({}),
        skipDescribed: z.boolean().default(true),
      }),
    )
    .output(type<BatchJob>()),
  /** All batches, the newest first. */
  list: procedure.input(pageSchema.default({ limit: 50 })).output(type<Page<BatchJob>>()),
  get: procedure.input(job).output(type<BatchJob>()),
  /** In their order, those in one state or all. `offset` is how many of them come before the first that is wanted. */
  items: procedure
    .input(
      z.object({
        job: idSchema,
        state: z.enum(itemStates).optional(),
        offset: z.int().min(0).max(1e9).default(0),
        limit: z.int().min(1).max(500).default(50),
      }),
    )
    .output(type<Found<BatchItem>>()),
  /** The job now, and every change of it and of its items. Leaving the iterator stops only the watching. */
  watch: procedure.input(job).output(eventIterator(type<BatchEvent>())),
  add: procedure.input(z.object({ job: idSchema, clips: z.array(idSchema).min(1).max(100_000) })).output(type<BatchJob>()),
  pause: procedure.input(job).output(type<BatchJob>()),
  resume: procedure.input(job).output(type<BatchJob>()),
  /** Those that failed once more, or one of them. */
  retry: procedure.input(z.object({ job: idSchema, item: idSchema.optional() })).output(type<BatchJob>()),
  /** All answers in one file. */
  export: procedure.input(z.object({ job: idSchema, format: z.enum(exportFormats) })).output(type<TextFile>()),
  /** A `.txt` beside each clip. One that is there already is left alone unless `overwrite`. Uploaded clips have no place of their own and fail. */
  sidecars: procedure.input(z.object({ job: idSchema, overwrite: z.boolean().default(false) })).output(type<SidecarReport>()),
  /** Takes a batch off the list; the answers stay in the library. */
  remove: procedure.input(job).output(type<void>()),
}
