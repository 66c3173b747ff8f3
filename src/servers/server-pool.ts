import { type RetryPolicy, waitBefore } from '../engine/models/hub/transient.ts'
import { TarsierError } from '../shared/errors.ts'
import { ServerTrouble } from './server-error.ts'

export interface PoolOptions<Server> {
  /** Requests that one server works on at the same time. */
  readonly perServer: number
  /** When a server counts as dead: after `attempts` failures in a row. */
  readonly retryPolicy: RetryPolicy
  /**
   * Examines a server before its first request, and after it could not be reached. Throws a `ServerTrouble` if the server has to be tried again, any
   * other error if it must not be used. Defaults to no examination.
   */
  readonly check?: (server: Server, signal: AbortSignal) => Promise<void>
}

/** Number of servers' failures that a request itself may have caused, after which it fails. */
const TRIES = 3

/** One server with its state. */
interface Place<Server> {
  readonly server: Server
  /** Requests in progress. */
  busy: number
  /** Failures in a row, each of another time: requests that fail together count once. */
  failures: number
  /** Faults in a row; see {@link ServerTrouble.kind}. */
  faults: number
  /** Increased with every counted failure. */
  round: number
  /** No request before this time, of `performance.now()`. */
  notBefore: number
  unchecked: boolean
  /** Number of the last request that it was given. */
  last: number
}

interface Waiting<Server> {
  readonly take: (place: Place<Server>) => void
  readonly fail: (error: TarsierError) => void
}

/**
 * Shares requests among servers: each goes to the least busy one. A busy server gets no request until the time it asked for, and one that cannot be
 * reached is left out and tried with one request now and then; its requests go to the others. Requests wait while no server is free, and fail only
 * when all servers have failed {@link RetryPolicy.attempts} times in a row.
 */
export class ServerPool<Server extends { readonly url: string }> {
  readonly #options: PoolOptions<Server>
  readonly #places: readonly Place<Server>[]
  readonly #waiting = new Set<Waiting<Server>>()
  #timer: NodeJS.Timeout | undefined
  #given = 0

  /** @param servers at least one */
  constructor(servers: readonly Server[], options: PoolOptions<Server>) {
    this.#options = options
    const unchecked = options.check !== undefined
    this.#places = servers.map((server) => ({ server, busy: 0, failures: 0, faults: 0, round: 0, notBefore: 0, unchecked, last: 0 }))
  }

  /** Number of requests that all servers together work on at the same time. */
  get capacity(): number {
    return this.#places.length * this.#options.perServer
  }

  /**
   * Examines all servers. Returns the failures of those that cannot be used yet. Throws the failure if that is every server, and the error of a server
   * that must not be used.
   */
  async checkAll(signal: AbortSignal): Promise<TarsierError[]> {
    const failures: TarsierError[] = []
    const checked = this.#places.map(async (place) => {
      place.busy += 1
      try {
        await this.#check(place, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ServerTrouble)) throw error
        this.#failed(place, place.round, error)
        failures.push(error.failure)
      } finally {
        this.#left(place)
      }
    })
    // All have ended before the first error is thrown.
    for (const end of await Promise.allSettled(checked)) if (end.status === 'rejected') throw end.reason
    const [first] = failures
    if (first && failures.length === this.#places.length) throw this.#allFailed(first)
    return failures
  }

  /**
   * Runs a request on a free server, and again, on any of them, after a failure that may pass. Throws the request's own error, or `model-unavailable`
   * when no server answers; the same request may be made again later.
   */
  async run<T>(request: (server: Server) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let caused = 0; ; ) {
      const place = await this.#enter(signal)
      const { round } = place
      try {
        if (place.unchecked) await this.#check(place, signal)
        const result = await request(place.server)
        this.#succeeded(place)
        return result
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof ServerTrouble)) throw error
        this.#failed(place, round, error)
        if (error.kind !== 'busy' && error.received) caused += 1
        if (caused >= TRIES) throw this.#givenUp(error)
        if (this.#exhausted()) throw this.#allFailed(error.failure)
      } finally {
        this.#left(place)
      }
    }
  }

  async #check(place: Place<Server>, signal: AbortSignal): Promise<void> {
    await this.#options.check?.(place.server, signal)
    place.unchecked = false
    this.#succeeded(place)
  }

  #succeeded(place: Place<Server>): void {
    place.failures = 0
    place.faults = 0
  }

  #failed(place: Place<Server>, round: number, trouble: ServerTrouble): void {
    // Requests that were in progress together fail for the same reason.
    if (place.round !== round) return
    const { retryPolicy, check } = this.#options
    if (trouble.kind === 'fault') {
      place.faults += 1
      // A single request may be the cause of its errors, but not of those of all the others.
      if (place.faults < retryPolicy.attempts) return
      place.faults = 0
    }
    place.round += 1
    place.failures += 1
    if (trouble.kind !== 'busy') place.unchecked = check !== undefined
    const endless = { ...retryPolicy, attempts: Number.POSITIVE_INFINITY, longestWait: Number.POSITIVE_INFINITY }
    place.notBefore = performance.now() + (waitBefore(place.failures, trouble, endless) ?? 0)
    if ((trouble.retryAfter ?? 0) > (retryPolicy.longestWait ?? Number.POSITIVE_INFINITY)) place.failures = retryPolicy.attempts
    if (!this.#exhausted()) return
    const failure = this.#allFailed(trouble.failure)
    for (const waiting of this.#waiting) waiting.fail(failure)
  }

  #exhausted(): boolean {
    return this.#places.every(({ failures }) => failures >= this.#options.retryPolicy.attempts)
  }

  #allFailed(failure: TarsierError): TarsierError {
    if (this.#places.length === 1) return failure
    const urls = this.#places.map(({ server }) => server.url)
    return new TarsierError(
      'model-unavailable',
      `None of the ${urls.length} servers answers (${urls.join(', ')}). The last failure: ${failure.message}`,
      { cause: failure, details: { servers: urls } },
    )
  }

  /** Failure of a request after {@link TRIES}. It is not the servers', so that further requests are made. */
  #givenUp({ failure, kind }: ServerTrouble): TarsierError {
    if (kind === 'fault') return failure
    return new TarsierError(
      'model-failed',
      `The connection broke ${TRIES} times while a server worked on this request, so the request may be the cause. ${failure.message}`,
      { cause: failure },
    )
  }

  #enter(signal: AbortSignal): Promise<Place<Server>> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const settled = () => {
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', abort)
      }
      const waiting: Waiting<Server> = {
        take(place) {
          settled()
          resolve(place)
        },
        fail(error) {
          settled()
          reject(error)
        },
      }
      const abort = () => {
        settled()
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(waiting)
      this.#serve()
    })
  }

  #left(place: Place<Server>): void {
    place.busy -= 1
    this.#serve()
  }

  /** Gives waiting requests, in their order, to servers that are free, and waits for the next one that a pause keeps from work. */
  #serve(): void {
    clearTimeout(this.#timer)
    for (const waiting of this.#waiting) {
      const place = this.#free()
      if (!place) break
      place.busy += 1
      place.last = ++this.#given
      waiting.take(place)
    }
    if (this.#waiting.size === 0) return
    const next = Math.min(...this.#places.filter((place) => place.busy < this.#limit(place)).map(({ notBefore }) => notBefore))
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.#serve(), Math.max(1, next - performance.now()))
  }

  /** The least busy server that may get a request; of equal ones, the one that has waited longest. */
  #free(): Place<Server> | undefined {
    const now = performance.now()
    const free = this.#places.filter((place) => place.notBefore <= now && place.busy < this.#limit(place))
    return free.sort((a, b) => a.busy - b.busy || a.last - b.last)[0]
  }

  /** A server that has just failed, or was never examined, gets a single request at first. */
  #limit({ failures, unchecked }: Place<Server>): number {
    return failures > 0 || unchecked ? 1 : this.#options.perServer
  }
}
