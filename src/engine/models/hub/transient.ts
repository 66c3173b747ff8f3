import { setTimeout as sleep } from 'node:timers/promises'
import type { TarsierError } from '../../../shared/errors.ts'

/** A failure that may be gone in a moment. Never seen by users: whoever gives up throws its `failure`. */
export class Transient extends Error {
  readonly failure: TarsierError
  /** What the server asked for, in milliseconds. */
  readonly retryAfter: number | null

  constructor(failure: TarsierError, retryAfter: number | null = null) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.retryAfter = retryAfter
  }
}

export interface Patience {
  /** Attempts in a row that may fail without anything gained before giving up. */
  readonly attempts: number
  /** The first wait, in milliseconds; each further one is twice as long, up to {@link LONGEST_BACKOFF}. */
  readonly backoff: number
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly stall: number
  /** The longest wait that a server may ask for, in milliseconds: beyond it the user decides. Defaults to two minutes. */
  readonly longestWait?: number
}

export const defaultPatience: Patience = { attempts: 6, backoff: 500, stall: 30_000 }

const LONGEST_BACKOFF = 30_000
const LONGEST_WAIT = 120_000

/**
 * The wait before another attempt, in milliseconds; null when it is time to give up. `failed` counts attempts in a row that gained
 * nothing. Half of a wait is chance, so that several files, and several users, do not come back all at once.
 */
export function waitBefore(failed: number, { retryAfter }: Transient, patience: Patience, chance: number = Math.random()): number | null {
  if (failed >= patience.attempts) return null
  const backoff = Math.min(LONGEST_BACKOFF, patience.backoff * 2 ** (failed - 1)) * (0.5 + chance / 2)
  if (retryAfter === null) return backoff
  return retryAfter > (patience.longestWait ?? LONGEST_WAIT) ? null : Math.max(retryAfter, backoff)
}

/** Runs `work` until it does not end with {@link Transient}, as long as {@link waitBefore} allows it; then throws what failed. */
export async function withPatience<T>(work: () => Promise<T>, patience: Patience, signal: AbortSignal): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Transient)) throw error
      const wait = waitBefore(failed, error, patience)
      if (wait === null) throw error.failure
      await sleep(wait, undefined, { signal })
    }
  }
}

/** Retry-After in milliseconds: seconds or a date; null where it says nothing sensible. */
export function parseRetryAfter(text: string | null, now: number = Date.now()): number | null {
  if (text === null || text.trim() === '') return null
  const seconds = Number(text)
  const wait = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000
  return Number.isFinite(wait) ? Math.max(0, wait) : null
}
