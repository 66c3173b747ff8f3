import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { ErrorData } from '../errors.ts'
import { procedure } from './base.ts'

export const queueTasks = ['describe', 'events', 'check', 'bench'] as const
/** What a job on a queue does with each of its units: describe clips, find events, check texts, or answer samples of benchmarks. */
export type QueueTask = (typeof queueTasks)[number]

export type QueueJobState = 'running' | 'paused' | 'cancelled'

/** A job that several machines share through a database. */
export interface QueueJob {
  readonly name: string
  readonly task: QueueTask
  readonly model: string
  /** Only workers with this tag take its units; null for all workers. */
  readonly tag: string | null
  readonly state: QueueJobState
  readonly units: number
  readonly done: number
  readonly failed: number
  /** Units that workers have now. */
  readonly running: number
  /** Units that were finished per minute, in the last five minutes or since the first of them; null before that. */
  readonly perMinute: number | null
  readonly secondsLeft: number | null
  /** Milliseconds since 1970, by the database's clock. */
  readonly created: number
}

export interface QueueWorker {
  readonly name: string
  /** Version of the program. */
  readonly program: string
  /** Whether its heartbeat is recent. */
  readonly alive: boolean
  readonly running: number
  readonly done: number
  readonly failed: number
  readonly perMinute: number | null
}

export interface QueueJobDetails extends QueueJob {
  readonly workers: readonly QueueWorker[]
  /** Number of failed units, and an example of the message, by code. */
  readonly failures: readonly { readonly code: string; readonly count: number; readonly example: string }[]
}

/** The queue in the settings or in TARSIER_QUEUE, and its jobs, the newest first. */
export interface QueueView {
  /** Address of the database without a password; null if no queue is configured. */
  readonly address: string | null
  readonly jobs: readonly QueueJob[]
  /** Why the jobs cannot be read, or are those of a while ago; null if they are current. */
  readonly problem: ErrorData | null
}

const jobSchema = z.object({ name: z.string().min(1).max(1000) })

export const queueContract = {
  /** The jobs, and again every few seconds, as long as somebody watches. The database is asked only meanwhile. */
  watch: procedure.output(eventIterator(type<QueueView>())),
  /** A job with its workers and failures. */
  details: procedure.input(jobSchema).output(type<QueueJobDetails>()),
  /** Workers finish their units and take no more. */
  pause: procedure.input(jobSchema),
  resume: procedure.input(jobSchema),
  /** Puts failed units back, all or those with one code, and returns their number. */
  retryFailed: procedure.input(jobSchema.extend({ code: z.string().max(100).nullable() })).output(type<{ readonly units: number }>()),
}
