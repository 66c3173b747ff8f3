import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import { type CrashReport, crashReportSchema } from '../crash-report.ts'
import type { DeviceTest } from '../device-tests.ts'
import type { DownloadProgress } from '../download-progress.ts'
import type { GpuPackStatus } from '../gpu-pack.ts'
import type { LicensedComponent } from '../licences.ts'
import type { NeverConnectBy } from '../never-connect.ts'
import { procedure, type TextFile } from './base.ts'

/** A connection that the app can make, and what makes it. */
export interface Connection {
  readonly to: string
  readonly why: string
  /** What has to happen for it. */
  readonly when: string
}

export interface About {
  readonly version: string
  readonly platform: string
  readonly node: string
  /** Where data lies on this machine. */
  readonly home: string
  readonly connections: readonly Connection[]
}

export interface Works {
  readonly name: string
  readonly works: boolean
  readonly detail: string
}

/** What the machine can do. */
export interface Health {
  readonly cpu: { readonly model: string; readonly cores: number }
  readonly memory: { readonly total: number; readonly free: number }
  readonly disk: { readonly free: number | null; readonly cache: number }
  readonly media: readonly Works[]
  readonly vision: readonly Works[]
  readonly language: readonly Works[]
  /** How devices did when they were held against the CPU, the newest first. */
  readonly deviceTests: readonly DeviceTest[]
  /** What to do about what is missing, a sentence each. */
  readonly advice: readonly string[]
}

/** GPUs of a device for the language model, by names that can be chosen. */
export interface NamedGpus {
  /** As in `--device`, e.g. `vulkan`. */
  readonly device: string
  readonly names: readonly string[]
}

/** What the service is at. */
export interface Activity {
  /** The model in memory, and where it runs; null where none is. */
  readonly model: string | null
  /** Whether that model is being loaded before a question needs it. */
  readonly loading: boolean
  readonly running: 'nothing' | 'chat' | 'batch' | 'api'
  readonly waiting: number
  readonly jobs: number
  readonly batches: number
  /** Crashes of the engine since the start. */
  readonly crashes: number
  /** What switches connections to other machines off; null if they are allowed. */
  readonly neverConnect: NeverConnectBy | null
}

export interface LogLine {
  readonly time: number
  readonly level: 'info' | 'warn' | 'error'
  readonly source: string
  readonly text: string
}

/** Reports of crashes on this machine. */
export interface Crashes {
  readonly folder: string
  /** The newest first. */
  readonly reports: readonly CrashReport[]
}

export const systemContract = {
  about: procedure.output(type<About>()),
  /** Everything that is shipped, with its licences. */
  licences: procedure.output(type<readonly LicensedComponent[]>()),
  /** Texts of licences, by the ids of {@link LicensedComponent}. */
  licenceTexts: procedure.input(z.object({ ids: z.array(z.string().max(100)).max(20) })).output(type<readonly string[]>()),
  /** Tries every device, in a process of its own: takes a second or more. */
  health: procedure.output(type<Health>()),
  /** Forgets which devices were found wrong, so that the next answer tries them again. Answers how many there were. */
  retryDevices: procedure.output(type<number>()),
  /** Devices that have several GPUs to choose from. The first call starts every device, in a process of its own. */
  gpus: procedure.output(type<readonly NamedGpus[]>()),
  gpuPack: procedure.output(type<GpuPackStatus>()),
  /** Downloads and unpacks the GPU pack, which the next answer uses. Ending the stream cancels it; the next call resumes the download. */
  installGpuPack: procedure.output(eventIterator(type<DownloadProgress>())),
  /** Deletes the GPU pack. */
  removeGpuPack: procedure.output(type<void>()),
  /** What goes on now, and again whenever that changes. */
  activity: procedure.output(eventIterator(type<Activity>())),
  /** Changes the setting "Never connect" of the data folder, which all programs that use the folder obey; {@link Activity} tells whether it is on. */
  setNeverConnect: procedure.input(z.object({ on: z.boolean() })),
  /** The newest lines, the oldest of them first. */
  logs: procedure.input(z.object({ limit: z.int().min(1).max(5000).default(500) })).output(type<readonly LogLine[]>()),
  crashes: procedure.output(type<Crashes>()),
  /** All crash reports as one file; unless `withPaths`, without file paths and names of clips. */
  exportCrashes: procedure.input(z.object({ withPaths: z.boolean() })).output(type<TextFile>()),
  /** Deletes one crash report, or all. */
  deleteCrashes: procedure.input(z.object({ id: crashReportSchema.shape.id.exactOptional() })),
  /** Everything that helps to find a fault, as text without the person's own paths and words. */
  report: procedure.output(type<TextFile>()),
}
