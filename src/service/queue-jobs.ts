import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library/library.ts'
import { unlessAborted } from '../platform/unless-aborted.ts'
import type { Database } from '../queue/database.ts'
import type { QueueJob, QueueJobDetails, QueueView } from '../shared/contract/queue.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'

/** Time between two looks at the queue, in milliseconds. */
const LOOK_MS = 3000

/** A database, and its address. */
interface Connected {
  readonly url: string
  readonly database: Promise<Database>
}

/** Jobs of the queue that is configured in the settings or in TARSIER_QUEUE. The database is connected only while somebody asks for it. */
export class QueueJobs implements AsyncDisposable {
  readonly #library: Pick<Library, 'settings'>
  #open: Connected | null = null
  readonly #ending = new AbortController()
  #watchers = 0

  constructor(library: Pick<Library, 'settings'>) {
    this.#library = library
  }

  /** Yields the jobs every few seconds until the signal aborts. A failure is a part of the view, and the next look may succeed. */
  async *watch(signal: AbortSignal): AsyncGenerator<QueueView, void> {
    let jobs: readonly QueueJob[] = []
    let shown: string | null = null
    this.#watchers++
    try {
      while (!signal.aborted) {
        const url = this.#url()
        try {
          const address = url === '' ? null : (await import('../queue/queue-address.ts')).parseQueueAddress(url).shown
          if (address !== shown) jobs = []
          shown = address
          if (address !== null) jobs = await (await import('../queue/job-progress.ts')).jobProgress(await this.#connected(signal), signal)
          yield { address, jobs, problem: null }
        } catch (error) {
          if (isAbort(error) || signal.aborted) return
          yield { address: shown ?? '', jobs, problem: asTarsierError(error).toData() }
        }
        await sleep(LOOK_MS, undefined, { signal }).catch(() => {}) // checked at the start of the loop
      }
    } finally {
      this.#watchers--
      if (this.#watchers === 0) await this.#close()
    }
  }

  /** Throws `nothing-found` for an unknown name, `queue-unreachable`, `queue-denied`, `queue-newer`. */
  async details(name: string, signal: AbortSignal): Promise<QueueJobDetails> {
    const { jobDetails } = await import('../queue/job-progress.ts')
    const details = await jobDetails(name, await this.#connected(signal), signal)
    if (!details) throw new TarsierError('nothing-found', `The queue has no job "${name}" any more.`)
    return details
  }

  async setState(name: string, state: 'running' | 'paused', signal: AbortSignal): Promise<void> {
    const { setJobState } = await import('../queue/job-store.ts')
    await setJobState(name, state, await this.#connected(signal), signal)
  }

  /** Returns the number of units that are tried again. */
  async retryFailed(name: string, code: string | null, signal: AbortSignal): Promise<number> {
    const { retryFailed } = await import('../queue/job-store.ts')
    return await retryFailed(name, code, await this.#connected(signal), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort()
    await this.#close()
  }

  #url(): string {
    return this.#library.settings.get().queue || (process.env.TARSIER_QUEUE ?? '')
  }

  async #connected(signal: AbortSignal): Promise<Database> {
    const url = this.#url()
    if (url === '') throw new TarsierError('usage', 'No queue is configured. Enter its address in the settings.')
    if (this.#open?.url !== url) void this.#close()
    this.#open ??= this.#connect(url)
    return await unlessAborted(this.#open.database, signal)
  }

  /** Connects until this object is disposed: several callers wait for it, and none of their signals ends it. */
  #connect(url: string): Connected {
    const open = { url, database: import('../queue/open-queue.ts').then(({ openQueue }) => openQueue(url, this.#ending.signal)) }
    open.database.catch(() => {
      // The next call connects again.
      if (this.#open === open) this.#open = null
    })
    return open
  }

  async #close(): Promise<void> {
    const open = this.#open
    this.#open = null
    const database = await open?.database.catch(() => null) // its caller has received the error
    await database?.[Symbol.asyncDispose]()
  }
}
