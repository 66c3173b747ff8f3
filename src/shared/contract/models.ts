import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { DownloadProgress } from '../download-progress.ts'
import type { Progress } from '../engine-events.ts'
import type { ErrorData } from '../errors.ts'
import type { SamplerName } from '../frame-request.ts'
import {
  type FamilyName,
  type LanguagePrecision,
  languagePrecisions,
  type Preset,
  type VisionPrecision,
  visionPrecisions,
} from '../model-manifest.ts'
import { idSchema, procedure } from './base.ts'

/** An installed model. */
export interface InstalledModel {
  readonly name: string
  /** Whether it is the built-in demo model, which cannot be removed. */
  readonly demo: boolean
  /** What it recognizes, if that is not any video; else null. */
  readonly recognizesOnly: string | null
  /** Description in one sentence. */
  readonly summary: string
  readonly family: FamilyName | null
  readonly licence: string
  readonly repository: string
  readonly bytes: number
  /** `other`: a GGUF file that was imported unchanged. */
  readonly language: LanguagePrecision | 'other' | null
  readonly vision: VisionPrecision | null
  /** Maximum number of tokens in a conversation. */
  readonly context: number
  /** Settings that apply unless a question has its own. */
  readonly defaults: {
    readonly frames: { readonly kind: SamplerName; readonly count: number }
    readonly prompt: string
    readonly generation: { readonly maxTokens: number; readonly temperature: number; readonly topP: number }
  } | null
  /** Ready questions: the model's own, or general ones. */
  readonly prompts: readonly Preset[]
  /** Reason why it cannot be used; null if it can. */
  readonly problem: string | null
}

/** Whether a model will run on this machine. */
export interface Fit {
  readonly verdict: 'good' | 'slow' | 'too-large'
  /** Reason in a sentence with numbers. */
  readonly reason: string
}

/** Precisions in which a model of the catalogue can be imported. */
export interface CatalogueForm {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  /** Size of the imported model in bytes. */
  readonly bytes: number
  /** Memory that it needs while it runs, in bytes. */
  readonly memory: number
  readonly fit: Fit
  readonly recommended: boolean
}

/** A checkpoint that is known to be supported. */
export interface CatalogueModel {
  readonly repository: string
  readonly title: string
  readonly summary: string
  readonly licence: string
  /** Conditions of the licence in a sentence; null if there is nothing to say. */
  readonly licenceNote: string | null
  /** Whether the licence forbids commercial use, which users confirm before a download. */
  readonly nonCommercial: boolean
  /** Size of the download in bytes. */
  readonly download: number
  readonly forms: readonly CatalogueForm[]
}

export type JobState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled'

/** Installs a model in the background: downloads it if necessary, then imports it. */
export interface ModelJob {
  readonly id: string
  readonly kind: 'download' | 'import'
  /** Name of the model once it is installed. */
  readonly name: string
  readonly source: string
  readonly state: JobState
  readonly step: 'fetching' | 'importing'
  /** Progress of the step, with bytes and speed while fetching. */
  readonly progress: Progress | DownloadProgress
  readonly error: ErrorData | null
}

const name = z.string().min(1).max(128)
const forms = { name, language: z.enum(languagePrecisions), vision: z.enum(visionPrecisions) }
const job = z.object({ job: idSchema })

export const modelsContract = {
  list: procedure.output(type<readonly InstalledModel[]>()),
  /**
   * Begins to load the model of the settings before a question needs it, and does not wait for it. Does nothing if the setting `loadInAdvance` is off,
   * memory is short, or the engine is in use. Failures are logged only: a question then fails with its own error.
   */
  loadInAdvance: procedure.output(type<void>()),
  catalogue: procedure.output(type<readonly CatalogueModel[]>()),
  /** Downloads a checkpoint from the hub and imports it in the background. After a restart the job is paused. */
  download: procedure
    .input(z.object({ repository: z.string().max(200), revision: z.string().max(200).default('main'), ...forms }))
    .output(type<ModelJob>()),
  /**
   * Imports a checkpoint folder of this machine, by a handle from the shell. A LoRA adapter, whose folder is also given by its handle, is merged into
   * the weights.
   */
  import: procedure.input(z.object({ source: idSchema, adapter: idSchema.exactOptional(), ...forms })).output(type<ModelJob>()),
  /** Streams all jobs, now and whenever one of them changes. */
  jobs: procedure.output(eventIterator(type<readonly ModelJob[]>())),
  pause: procedure.input(job).output(type<ModelJob>()),
  resume: procedure.input(job).output(type<ModelJob>()),
  /** Cancels a job and removes its downloaded files. A finished job is only removed from the list. */
  cancel: procedure.input(job).output(type<void>()),
  /** Removes a model's files. */
  remove: procedure.input(z.object({ name })).output(type<void>()),
}
