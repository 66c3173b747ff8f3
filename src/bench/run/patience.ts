import { setTimeout as sleep } from 'node:timers/promises'
import { APIConnectionError, APIError, APIUserAbortError } from 'openai'
import { parseRetryAfter } from '../../engine/models/download/transient.ts'

/** Attempts at one request before it is given up. */
const ATTEMPTS = 6
const BACKOFF_MS = 500
const LONGEST_BACKOFF_MS = 30_000
/** A server that asks for more than this is not waited for: the user decides. */
const LONGEST_WAIT_MS = 10 * 60 * 1000

/**
 * Waits as a server asks. All requests to it share one object: when one is told to wait, the others wait too, instead of being refused
 * one by one.
 */
export class Patience {
  #notBefore = 0

  /** Runs a request until it succeeds, fails for good, or has failed too often; then throws what it threw last. */
  async run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      await this.#wait(signal)
      try {
        return await request()
      } catch (error) {
        signal.throwIfAborted()
        if (!mayPass(error) || attempt === ATTEMPTS) throw error
        const asked = error instanceof APIError ? retryAfter(error) : null
        if (asked !== null && asked > LONGEST_WAIT_MS) throw error
        const backoff = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
        if (asked === null) await sleep(backoff, undefined, { signal })
        else this.#notBefore = Math.max(this.#notBefore, Date.now() + asked)
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (let left = this.#notBefore - Date.now(); left > 0; left = this.#notBefore - Date.now()) await sleep(left, undefined, { signal })
  }
}

/** Whether the same request may succeed a moment later: no connection, a busy server, or one that stumbled. */
function mayPass(error: unknown): boolean {
  if (error instanceof APIUserAbortError) return false
  if (error instanceof APIConnectionError) return true
  return error instanceof APIError && (error.status === 408 || error.status === 409 || error.status === 429 || (error.status ?? 0) >= 500)
}

/** Milliseconds; null where the server asked for nothing. */
function retryAfter(error: APIError): number | null {
  const headers = error.headers as Headers | undefined
  const exact = headers?.get('retry-after-ms')
  if (exact && Number.isFinite(Number(exact))) return Math.max(0, Number(exact))
  return parseRetryAfter(headers?.get('retry-after') ?? null)
}
