import { expectMayConnect, whenSwitchedOff } from '../platform/never-connect.ts'
import { assertNever, isAbort, TarsierError } from '../shared/errors.ts'
import type { Update, UpdateCommand, UpdateProgress, UpdateState } from '../shared/updates.ts'

/** Looking once a day is enough, however often the app is started. */
const INTERVAL_MS = 24 * 60 * 60 * 1000

/** Where updates come from. `update-feed.ts` is the real one. */
export interface UpdateFeed {
  /** Why there are no updates for this installation; null if there are. */
  readonly unavailable: string | null
  /** Host of the feed, for errors. */
  readonly host: string
  /** The newer version; null if this one is the latest. */
  check(): Promise<Update | null>
  /** Loads what {@link check} has found. `onProgress` gets the share, 0 to 1. */
  download(onProgress: (done: number) => void, signal: AbortSignal): Promise<void>
  /** Replaces the app with what was downloaded, and starts it again. */
  install(): void
}

/** What the user allowed, and when the app last looked for updates by itself. */
export interface UpdateMemory {
  allowed: boolean
  /** Milliseconds since 1970. */
  lookedAt: number
}

interface Surroundings {
  readonly feed: UpdateFeed
  readonly memory: UpdateMemory
  /** Stores the memory. */
  readonly save: (memory: UpdateMemory) => void
  readonly onChange: (state: UpdateState) => void
  /** Called when a check that the user did not ask for found a version. */
  readonly onFound: (update: Update) => void
}

/** Looks for newer versions of the app, if the user allows it or asks for it, and installs them on request. Nothing is downloaded unasked. */
export class Updates {
  readonly #around: Surroundings
  #progress: UpdateProgress = { kind: 'unknown' }
  #download: AbortController | null = null

  constructor(around: Surroundings) {
    this.#around = around
  }

  get state(): UpdateState {
    const { feed, memory } = this.#around
    return { unavailable: feed.unavailable, allowed: memory.allowed, progress: this.#progress }
  }

  /** Called at the start of the app. Looks for an update if the user has allowed it and the last look is a day ago. */
  async begin(now = Date.now()): Promise<void> {
    const { memory, feed, onFound } = this.#around
    if (!memory.allowed || feed.unavailable !== null || now - memory.lookedAt < INTERVAL_MS) return
    await this.#check(now)
    if (this.#progress.kind === 'found') onFound(this.#progress.update)
  }

  /** Carries out a command of the page, and returns the state at its end. A failure is part of the state. */
  async command(command: UpdateCommand): Promise<UpdateState> {
    switch (command) {
      case 'state':
        break
      case 'allow':
      case 'refuse':
        this.#remember({ allowed: command === 'allow' })
        break
      case 'check':
        await this.#check()
        break
      case 'download':
        await this.#load()
        break
      case 'cancel':
        this.#download?.abort()
        break
      case 'install':
        if (this.#progress.kind === 'ready') this.#around.feed.install()
        break
      default:
        return assertNever(command, 'command')
    }
    return this.state
  }

  async #check(now = Date.now()): Promise<void> {
    const { feed } = this.#around
    const { kind } = this.#progress
    if (feed.unavailable !== null || kind === 'checking' || kind === 'downloading' || kind === 'ready') return
    this.#show({ kind: 'checking' })
    try {
      expectMayConnect(feed.host)
      const update = await feed.check()
      this.#remember({ lookedAt: now })
      this.#show(update ? { kind: 'found', update } : { kind: 'latest' })
    } catch (error) {
      this.#show(failed(error, feed.host))
    }
  }

  async #load(): Promise<void> {
    const { feed } = this.#around
    const before = this.#progress
    if (before.kind !== 'found' || before.update.byHand !== null) return
    const { update } = before
    const controller = new AbortController()
    this.#download = controller
    this.#show({ kind: 'downloading', update, done: 0 })
    using _ = whenSwitchedOff((error) => controller.abort(error))
    try {
      expectMayConnect(feed.host)
      await feed.download((done) => {
        if (!controller.signal.aborted) this.#show({ kind: 'downloading', update, done })
      }, controller.signal)
      this.#show({ kind: 'ready', update })
    } catch (error) {
      const { aborted, reason } = controller.signal
      if (aborted && isAbort(reason)) this.#show(before)
      else this.#show(failed(aborted ? reason : error, feed.host))
    } finally {
      this.#download = null
    }
  }

  #remember(change: Partial<UpdateMemory>): void {
    Object.assign(this.#around.memory, change)
    this.#around.save(this.#around.memory)
    this.#around.onChange(this.state)
  }

  #show(progress: UpdateProgress): void {
    this.#progress = progress
    this.#around.onChange(this.state)
  }
}

function failed(error: unknown, host: string): UpdateProgress {
  if (error instanceof TarsierError) return { kind: 'failed', error: error.toData() }
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
  const failure = new TarsierError(
    'update-failed',
    `Updates could not be fetched from ${host} (${why}). Check the connection and try again later; this version goes on working.`,
    { cause: error },
  )
  return { kind: 'failed', error: failure.toData() }
}
