import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { DownloadProgress } from '../download-progress.ts'
import type { Progress } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import type { SamplerName } from '../frame-request.ts'
import { type LanguagePrecision, languagePrecisions, type VisionPrecision, visionPrecisions } from '../model-manifest.ts'
import { idSchema, procedure } from './base.ts'

/** A model that is here. */
export interface InstalledModel {
  readonly name: string
  /** True of the one that comes with the app, which cannot be removed and knows only moving shapes. */
  readonly demo: boolean
  /** One sentence for people. */
  readonly summary: string
  readonly family: 'tarsier2' | 'tarsier' | null
  readonly licence: string
  readonly repository: string
  readonly bytes: number
  /** `other` is what a GGUF of somebody else's making has. */
  readonly language: LanguagePrecision | 'other' | null
  readonly vision: VisionPrecision | null
  /** Tokens that one conversation holds. */
  readonly context: number
  /** What it does where nothing else is asked for. */
  readonly defaults: {
    readonly frames: { readonly kind: SamplerName; readonly count: number }
    readonly prompt: string
    readonly generation: { readonly maxTokens: number; readonly temperature: number; readonly topP: number }
  } | null
  /** Why it cannot be used; null when it can. */
  readonly problem: string | null
}

/** Whether a model will run on this machine. */
export interface Fit {
  readonly verdict: 'good' | 'slow' | 'too-large'
  /** Why, in a sentence with numbers. */
  readonly reason: string
}

/** One of the forms in which a model of the catalogue can be had. */
export interface CatalogueForm {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  /** Bytes of the model as it will lie here. */
  readonly bytes: number
  /** Memory that it takes while it runs, in bytes. */
  readonly memory: number
  readonly fit: Fit
  readonly recommended: boolean
}

/** A checkpoint that is known to work. */
export interface CatalogueModel {
  readonly repository: string
  readonly title: string
  readonly summary: string
  readonly licence: string
  /** Bytes to be fetched. */
  readonly download: number
  readonly forms: readonly CatalogueForm[]
}

export type JobState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled'

/** Something that goes on in the background until a model is there: fetching it, then importing it. */
export interface ModelJob {
  readonly id: string
  readonly kind: 'download' | 'import'
  /** What the model will be called. */
  readonly name: string
  readonly source: string
  readonly state: JobState
  readonly step: 'fetching' | 'importing'
  /** Of the step; bytes and speed are known while fetching. */
  readonly progress: Progress | DownloadProgress
  readonly error: ErrorData | null
}

const name = z.string().min(1).max(128)
const forms = { name, language: z.enum(languagePrecisions), vision: z.enum(visionPrecisions) }
const job = z.object({ job: idSchema })

export const modelsContract = {
  list: procedure.output(type<readonly InstalledModel[]>()),
  catalogue: procedure.output(type<readonly CatalogueModel[]>()),
  /** Fetches a checkpoint from the hub and imports it, in the background. Survives a restart as a paused job. */
  download: procedure
    .input(z.object({ repository: z.string().max(200), revision: z.string().max(200).default('main'), ...forms }))
    .output(type<ModelJob>()),
  /**
   * Imports a checkpoint folder of this machine, which the shell gave a handle for. A LoRA adapter's folder, likewise by its handle, is merged into the
   * weights.
   */
  import: procedure.input(z.object({ source: idSchema, adapter: idSchema.exactOptional(), ...forms })).output(type<ModelJob>()),
  /** All jobs now, and again whenever one of them changes. */
  jobs: procedure.output(eventIterator(type<readonly ModelJob[]>())),
  pause: procedure.input(job).output(type<ModelJob>()),
  resume: procedure.input(job).output(type<ModelJob>()),
  /** Ends a job and removes what it had fetched. One that is over is only taken off the list. */
  cancel: procedure.input(job).output(type<void>()),
  /** Removes a model's files. */
  remove: procedure.input(z.object({ name })).output(type<void>()),
}
