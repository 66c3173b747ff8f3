import type { EngineClient, EngineOptions, NextQuestion, RunStart } from '../engine/engine-client.ts'
import type { HostState } from '../engine/host/host-calls.ts'
import { type HostClient, type HostObserver, startEngineHost } from '../engine/host/host-client.ts'
import type { DeviceChoice } from '../shared/devices.ts'

/** Number of conversations whose KV cache stays in memory. The least recently used is closed first; its clip's rows stay on disk. */
const MAX_CONVERSATIONS = 4

/** How long a model that nobody uses stays in memory where nobody may come back for it, in milliseconds. */
export const UNUSED_MS = 10 * 60_000

export interface EngineChoice {
  readonly model: string
  readonly device: DeviceChoice
  readonly cache: boolean
}

interface Current {
  readonly choice: EngineChoice
  readonly client: HostClient
  /** Whether a conversation has used it. */
  used: boolean
}

/** An engine whose model is loaded before a conversation needs it. */
export interface UnusedEngine {
  readonly client: Pick<EngineClient, 'load'>
  /** False once a conversation uses the engine, or it was ended. */
  isUnused(): boolean
}

/** Runs the engine of one model at a time, in a separate process. Only one caller at a time may use it (see `RunQueue`). */
export class Engines implements AsyncDisposable {
  readonly #home: string
  readonly #limits: EngineOptions['limits']
  readonly #onChange: () => void
  readonly #observer: HostObserver
  #current: Current | null = null
  #outdated = false
  /** Least recently used first. */
  #conversations: string[] = []

  /** @param observer called when the engine's process crashed or hung, or a device failed */
  constructor({ home, limits }: { home: string; limits?: EngineOptions['limits'] }, onChange: () => void, observer: HostObserver) {
    this.#home = home
    this.#limits = limits
    this.#onChange = onChange
    this.#observer = observer
  }

  /** Name of the loaded or loading model; null before the first answer. */
  get model(): string | null {
    return this.#current?.choice.model ?? null
  }

  get state(): HostState {
    return this.#current?.client.state ?? 'not-running'
  }

  /** Returns the engine for a conversation. A different choice ends the previous engine's process and frees its memory. */
  async for(choice: EngineChoice, conversation: string): Promise<EngineClient> {
    const chosen = await this.#chosen(choice)
    chosen.used = true
    const { client } = chosen
    this.#conversations = [...this.#conversations.filter((other) => other !== conversation), conversation]
    while (this.#conversations.length > MAX_CONVERSATIONS) {
      const [silent] = this.#conversations.splice(0, 1)
      if (silent !== undefined) await client.close(silent)
    }
    return client
  }

  /**
   * Returns an engine for a choice, to load its model before a conversation needs it; null if the present engine has this choice or is used, or if
   * `fits` is false after an unused engine was ended.
   */
  async inAdvance(choice: EngineChoice, fits: () => boolean): Promise<UnusedEngine | null> {
    if (this.#current && (this.#current.used || isSame(this.#current.choice, choice))) return null
    if (this.#current) await this.unload()
    if (!fits()) return null
    const unused = await this.#chosen(choice)
    return { client: unused.client, isUnused: () => this.#current === unused && !unused.used }
  }

  /**
   * Predicts the starting state of a question. `loaded` is set if the engine for this choice has its model in memory. `freed` is the memory, in
   * bytes, that another choice's engine releases before this one loads, or that this one has taken while it loads.
   */
  async runStart(choice: EngineChoice, question: NextQuestion): Promise<{ readonly loaded: RunStart | null; readonly freed: number }> {
    const current = this.#current
    let start: RunStart | null
    try {
      start = (await current?.client.runStart(question)) ?? null
    } catch (error) {
      if (this.#current === current) throw error
      // Another answer or the user has ended this engine meanwhile.
      return await this.runStart(choice, question)
    }
    if (current && start && isSame(current.choice, choice)) return { loaded: start, freed: 0 }
    return { loaded: null, freed: current?.client.memory ?? 0 }
  }

  /** Has the next answer load its model again, for example to use other devices. A running answer is not interrupted. */
  reload(): void {
    this.#outdated = true
  }

  /** Ends the engine's process; the next answer starts a new one. */
  async unload(): Promise<void> {
    const ending = this.#current
    this.#current = null
    this.#outdated = false
    this.#conversations = []
    await ending?.client[Symbol.asyncDispose]()
    this.#onChange()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload()
  }

  async #chosen(choice: EngineChoice): Promise<Current> {
    const current = this.#current
    if (current && !this.#outdated && isSame(current.choice, choice)) return current
    await this.unload()
    const client = startEngineHost({ ...choice, home: this.#home, limits: this.#limits }, this.#observer)
    const next = { choice, client, used: false }
    this.#current = next
    this.#onChange()
    return next
  }
}

function isSame(a: EngineChoice, b: EngineChoice): boolean {
  return a.model === b.model && a.device === b.device && a.cache === b.cache
}
