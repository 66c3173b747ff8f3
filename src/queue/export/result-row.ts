import { z } from 'zod'
import type { StoredResult } from './stored-results.ts'

/** A result as a row of a table. Times are ISO 8601. */
export interface ResultRow {
  readonly key: string
  /** The clip: its path on the worker's machine for samples, as it was submitted otherwise. */
  readonly file: string
  /** The description or answer, in its shape if one was wanted, or the events' summary; empty for a failure. */
  readonly text: string
  readonly support: number | null
  readonly error: string
  readonly message: string
  readonly model: string
  readonly seconds: number | null
  readonly finished: string
  readonly worker: string
  /** The whole result. */
  readonly json: string
}

export const rowFields = ['key', 'file', 'text', 'support', 'error', 'message', 'model', 'seconds', 'finished', 'worker', 'json'] as const

const text = z.string().catch('')
const number = z.number().nullable().catch(null)
const lineSchema = z.object({
  key: text,
  file: text,
  video: text,
  prediction: text,
  shaped: z.object({ text }).nullish().catch(null),
  summary: text,
  support: number,
  model: text,
  error: z.object({ code: text, message: text }).nullish().catch(null),
  used: z.object({ model: text, seconds: number }).nullish().catch(null),
  timings: z.object({ total: number }).nullish().catch(null),
})

/** Reads a row from a result of any task. */
export function resultRow({ line, finished, worker }: StoredResult): ResultRow {
  const value = lineSchema.parse(JSON.parse(line))
  const file = value.file === '' ? value.video : value.file
  const milliseconds = value.timings?.total ?? null
  return {
    key: value.key === '' ? file : value.key,
    file,
    text: value.shaped?.text ?? (value.prediction === '' ? value.summary : value.prediction),
    support: value.support,
    error: value.error?.code ?? '',
    message: value.error?.message ?? '',
    model: value.used?.model ?? value.model,
    seconds: value.used?.seconds ?? (milliseconds === null ? null : milliseconds / 1000),
    finished: finished.toISOString(),
    worker,
    json: line,
  }
}
