import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { ErrorData } from '../errors.ts'
import { type AskSettings, askSettingsSchema, questionSchema } from './asking.ts'
import { errorDataSchema, type Found, idSchema, type Page, pageSchema, procedure, type TextFile } from './base.ts'

export type BatchState = 'running' | 'paused' | 'done'
export const itemStates = ['waiting', 'running', 'done', 'failed', 'skipped'] as const
export type ItemState = (typeof itemStates)[number]

/** A file that was given with a batch and could not be opened. */
export const refusedFileSchema = z.object({ name: z.string().max(4096), error: errorDataSchema })
export type RefusedFile = z.infer<typeof refusedFileSchema>

/** One question about many clips. A batch runs in the background, continues after a restart, and stores its answers in the library. */
export interface BatchJob {
  readonly id: string
  readonly title: string
  /** Null requests the model's default description. */
  readonly question: string | null
  readonly settings: AskSettings
  readonly state: BatchState
  readonly counts: Readonly<Record<ItemState, number>>
  /** Files that could not be opened. They are no items. */
  readonly refused: readonly RefusedFile[]
  readonly created: number
  /** Estimated seconds until the end; null before the first clip is done. */
  readonly secondsLeft: number | null
}

export interface BatchItem {
  readonly id: string
  /** Position from 0, in the order in which the clips were given. */
  readonly position: number
  readonly clip: string
  readonly name: string
  /** The file as the user gave it: its path, or for an upload its name with the browser's relative folders. */
  readonly path: string
  readonly state: ItemState
  /** Progress from 0 to 1 while running. */
  readonly progress: number
  /** First 200 characters of the answer, in its shape if one was wanted. */
  readonly excerpt: string
  /** Conversation with the answer. */
  readonly chat: string | null
  readonly error: ErrorData | null
}

export type BatchEvent =
  | { readonly kind: 'job'; readonly job: BatchJob }
  | { readonly kind: 'item'; readonly item: BatchItem }
  /** Many items changed at once; they are not reported one by one. */
  | { readonly kind: 'items' }

export const exportFormats = ['txt', 'jsonl', 'csv', 'srt', 'markdown'] as const
export type ExportFormat = (typeof exportFormats)[number]

/**
 * Formats of the file beside a clip: its answer, in its shape if one was wanted; both texts of it (`json`); or subtitles of its events, of its timed
 * answer, or of the answer over the whole described range.
 */
export const sidecarFormats = ['txt', 'json', 'srt', 'vtt'] as const
export type SidecarFormat = (typeof sidecarFormats)[number]

/** Result of writing sidecars; paths are those of the text files. */
export interface SidecarReport {
  readonly written: number
  /** Existing files, which were not changed. */
  readonly present: readonly string[]
  readonly failed: readonly { readonly name: string; readonly error: ErrorData }[]
}

const job = z.object({ job: idSchema })

export const batchContract = {
  /** Starts a batch. `skipDescribed` skips clips for which the library has an answer of the same model to the same question. */
  create: procedure
    .input(
      z.object({
        title: z.string().trim().max(200).optional(),
        clips: z.array(idSchema).min(1).max(100_000),
        question: questionSchema.optional(),
        settings: askSettingsSchema.default({}),
        skipDescribed: z.boolean().default(true),
        refused: z.array(refusedFileSchema).max(100_000).default([]),
      }),
    )
    .output(type<BatchJob>()),
  /** All batches, newest first. */
  list: procedure.input(pageSchema.default({ limit: 50 })).output(type<Page<BatchJob>>()),
  get: procedure.input(job).output(type<BatchJob>()),
  /** Items in order, optionally those in one state, starting at `offset`. */
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
  /** Streams the current job and every change of it and its items. Leaving the iterator only ends the stream. */
  watch: procedure.input(job).output(eventIterator(type<BatchEvent>())),
  add: procedure.input(z.object({ job: idSchema, clips: z.array(idSchema).min(1).max(100_000) })).output(type<BatchJob>()),
  pause: procedure.input(job).output(type<BatchJob>()),
  resume: procedure.input(job).output(type<BatchJob>()),
  /** Retries all failed items, or one of them. */
  retry: procedure.input(z.object({ job: idSchema, item: idSchema.optional() })).output(type<BatchJob>()),
  /** Exports all answers as one file. Throws `format-unsuitable` for SRT of several clips: their subtitles are `sidecars`. */
  export: procedure.input(z.object({ job: idSchema, format: z.enum(exportFormats) })).output(type<TextFile>()),
  /** Writes a file beside each clip, `.txt` by default. Existing files are kept unless `overwrite`. Uploaded clips have no folder and fail. */
  sidecars: procedure
    .input(z.object({ job: idSchema, overwrite: z.boolean().default(false), format: z.enum(sidecarFormats).default('txt') }))
    .output(type<SidecarReport>()),
  /** Removes a batch from the list; its answers stay in the library. */
  remove: procedure.input(job).output(type<void>()),
}
