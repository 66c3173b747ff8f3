import { setTimeout as sleep } from 'node:timers/promises'
import type { TarsierError } from '../../../shared/errors.ts'

/** A failure that may be temporary. Not shown to users: after the last retry, its `failure` is thrown. */
export class Transient extends Error {
  readonly failure: TarsierError
  /** Delay that the server requested, in milliseconds. */
  readonly retryAfter: number | null
  /** Whether this machine has no connection at all. */
  readonly offline: boolean

  constructor(failure: TarsierError, retryAfter: number | null = null, offline = false) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.retryAfter = retryAfter
    this.offline = offline
  }
}

export interface RetryPolicy {
  /** Maximum number of consecutive failed attempts without new data. */
  readonly attempts: number
  /** First delay, in milliseconds; doubled after each attempt, up to {@link LONGEST_BACKOFF}. */
  readonly backoff: number
  /** Milliseconds without a byte before a connection counts as dead. */
  readonly stall: number
  /** Maximum delay that a server may request, in milliseconds; longer ones end the retries. Defaults to two minutes. */
  readonly longestWait?: number
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 6, backoff: 500, stall: 30_000 }

const LONGEST_BACKOFF = 30_000
const LONGEST_WAIT = 120_000

/**
 * Returns the delay before the next attempt, in milliseconds, or null after the last one. `failed` counts consecutive attempts without new
 * data. Half of the delay is random, so that parallel downloads, and several users, do not retry at the same time.
 */
export function waitBefore(
  failed: number,
  { retryAfter }: Transient,
  retryPolicy: RetryPolicy,
  chance: number = Math.random(),
): number | null {
  if (failed >= retryPolicy.attempts) return null
  const backoff = Math.min(LONGEST_BACKOFF, retryPolicy.backoff * 2 ** (failed - 1)) * (0.5 + chance / 2)
  if (retryAfter === null) return backoff
  return retryAfter > (retryPolicy.longestWait ?? LONGEST_WAIT) ? null : Math.max(retryAfter, backoff)
}

/** Attempts of a request without a connection: the user can see to that at once, and nothing was received that would be lost. */
const OFFLINE_ATTEMPTS = 2

/** Retries `work` on {@link Transient} errors, as long as {@link waitBefore} allows; then throws the underlying failure. */
export async function withRetries<T>(work: () => Promise<T>, retryPolicy: RetryPolicy, signal: AbortSignal): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Transient)) throw error
      const wait = error.offline && failed >= OFFLINE_ATTEMPTS ? null : waitBefore(failed, error, retryPolicy)
      if (wait === null) throw error.failure
      await sleep(wait, undefined, { signal })
    }
  }
}

/** Parses Retry-After, which is seconds or a date. Returns milliseconds; null for an invalid value. */
export function parseRetryAfter(text: string | null, now: number = Date.now()): number | null {
  if (text === null || text.trim() === '') return null
  const seconds = Number(text)
  const wait = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000
  return Number.isFinite(wait) ? Math.max(0, wait) : null
}
