import { setTimeout as sleep } from 'node:timers/promises'
import { parseRetryAfter, type RetryPolicy, Transient, withRetries } from '../engine/models/hub/transient.ts'

/**
 * Retries requests to one server while their failure may pass ({@link Transient}). If the server asks to wait, all requests through the same object
 * wait, instead of being rejected one by one.
 */
export class ServerRetries {
  readonly #retryPolicy: RetryPolicy
  #notBefore = 0

  constructor(retryPolicy: RetryPolicy) {
    this.#retryPolicy = retryPolicy
  }

  /**
   * Runs a request until it succeeds, fails permanently, or reaches the maximum number of attempts; then throws the `failure` of the last error.
   */
  async run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const once = async () => {
      for (let left = this.#remaining(); left > 0; left = this.#remaining()) await sleep(left, undefined, { signal })
      try {
        return await request()
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof Transient && error.retryAfter !== null)
          this.#notBefore = Math.max(this.#notBefore, Date.now() + error.retryAfter)
        throw error
      }
    }
    return withRetries(once, this.#retryPolicy, signal)
  }

  #remaining(): number {
    return this.#notBefore - Date.now()
  }
}

/** Returns how long a server's headers ask to wait, in milliseconds; null if they do not. */
export function retryAfter(headers: Headers | undefined): number | null {
  const exact = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  return Number.isFinite(exact) ? Math.max(0, exact) : parseRetryAfter(headers?.get('retry-after') ?? null)
}

/** Returns a server's message on one line, with at most `longest` characters, without the key, which some servers repeat. */
export function serverMessage(text: string, key: string, longest: number): string {
  return (key === '' ? text : text.replaceAll(key, '…')).replace(/\s+/g, ' ').slice(0, longest)
}
