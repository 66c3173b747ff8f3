import { setTimeout as sleep } from 'node:timers/promises'
import { type Patience, parseRetryAfter, Transient, withPatience } from '../engine/models/hub/transient.ts'

/**
 * Repeats requests to one server while their failure may pass ({@link Transient}). When the server asks to be left alone for a time, all that goes
 * through the same object waits, instead of being refused one by one.
 */
export class ServerPatience {
  readonly #patience: Patience
  #notBefore = 0

  constructor(patience: Patience) {
    this.#patience = patience
  }

  /** Runs a request until it succeeds, fails for good, or has failed too often; then throws the `failure` of what it threw last. */
  async run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const once = async () => {
      for (let left = this.#left(); left > 0; left = this.#left()) await sleep(left, undefined, { signal })
      try {
        return await request()
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof Transient && error.retryAfter !== null)
          this.#notBefore = Math.max(this.#notBefore, Date.now() + error.retryAfter)
        throw error
      }
    }
    return withPatience(once, this.#patience, signal)
  }

  #left(): number {
    return this.#notBefore - Date.now()
  }
}

/** What a server's headers ask to wait, in milliseconds; null where they ask for nothing. */
export function retryAfter(headers: Headers | undefined): number | null {
  const exact = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  return Number.isFinite(exact) ? Math.max(0, exact) : parseRetryAfter(headers?.get('retry-after') ?? null)
}

/** A server's own words on a line, at most `longest` characters, without the key, which some servers repeat. */
export function serverWords(text: string, key: string, longest: number): string {
  return (key === '' ? text : text.replaceAll(key, '…')).replace(/\s+/g, ' ').slice(0, longest)
}
