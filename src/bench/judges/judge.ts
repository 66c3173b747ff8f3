import type { z } from 'zod'

/** One question to a judge. `name` and `version` of the prompt are part of every score based on it. */
export interface JudgeCall<T> {
  readonly prompt: { readonly name: string; readonly version: string }
  readonly system: string
  readonly user: string
  /** Schema of the verdict; sent as a JSON schema if the judge supports constrained output. */
  readonly schema: z.ZodType<T>
}

/**
 * A text model that reads texts and returns verdicts. Malformed output is requested again, then thrown as `judge-failed`, and never guessed; rate
 * limits and transient failures are retried internally.
 */
export interface Judge extends AsyncDisposable {
  /** Name printed with every score: the kind and the model, such as `openai gpt-3.5-turbo-0125`. */
  readonly name: string
  ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T>
}
