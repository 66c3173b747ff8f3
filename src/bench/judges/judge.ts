import type { z } from 'zod'

/** One question to a judge. `name` and `version` of the prompt are part of every score that rests on it. */
export interface JudgeCall<T> {
  readonly prompt: { readonly name: string; readonly version: string }
  readonly system: string
  readonly user: string
  /** Shape of the verdict; sent as a JSON schema where the judge can be held to one. */
  readonly schema: z.ZodType<T>
}

/**
 * A text model that reads and decides. Malformed output is asked for again and then thrown as `judge-failed`, never guessed;
 * rate limits and passing failures are retried inside.
 */
export interface Judge extends AsyncDisposable {
  /** As printed beside every score: the kind and the model, such as `openai gpt-3.5-turbo-0125`. */
  readonly name: string
  ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T>
}
