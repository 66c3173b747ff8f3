import type { EngineClient, EngineOptions, NextQuestion, RunStart } from '../engine/engine-client.ts'
import type { HostState } from '../engine/host/host-calls.ts'
import { type HostClient, type HostObserver, startEngineHost } from '../engine/host/host-client.ts'
import type { DeviceChoice } from '../shared/devices.ts'

/** Number of conversations whose KV cache stays in memory. The least recently used is closed first; its clip's rows stay on disk. */
const MAX_CONVERSATIONS = 4

export interface EngineChoice {
  readonly model: string
  readonly device: DeviceChoice
  readonly cache: boolean
}

/** Runs the engine of one model at a time, in a separate process. Only one caller at a time may use it (see `RunQueue`). */
export class Engines implements AsyncDisposable {
  readonly #home: string
  readonly #limits: EngineOptions['limits']
  readonly #onChange: () => void
  readonly #observer: HostObserver
  #current: { readonly choice: EngineChoice; readonly client: HostClient } | null = null
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
    const { client } = await this.#chosen(choice)
    this.#conversations = [...this.#conversations.filter((other) => other !== conversation), conversation]
    while (this.#conversations.length > MAX_CONVERSATIONS) {
      const [silent] = this.#conversations.splice(0, 1)
      if (silent !== undefined) await client.close(silent)
    }
    return client
  }

  /**
   * Predicts the starting state of a question. `loaded` is set if the engine for this choice has its model in memory. `freed` is the memory, in
   * bytes, that another choice's engine releases before this one loads.
   */
  async runStart(choice: EngineChoice, question: NextQuestion): Promise<{ readonly loaded: RunStart | null; readonly freed: number }> {
    const current = this.#current
    const start = (await current?.client.runStart(question)) ?? null
    if (current && isSame(current.choice, choice)) return { loaded: start, freed: 0 }
    return { loaded: null, freed: start?.memory.resident.own ?? 0 }
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

  async #chosen(choice: EngineChoice): Promise<{ readonly choice: EngineChoice; readonly client: HostClient }> {
    const current = this.#current
    if (current && !this.#outdated && isSame(current.choice, choice)) return current
    await this.unload()
    const next = { choice, client: startEngineHost({ ...choice, home: this.#home, limits: this.#limits }, this.#observer) }
    this.#current = next
    this.#onChange()
    return next
  }
}

function isSame(a: EngineChoice, b: EngineChoice): boolean {
  return a.model === b.model && a.device === b.device && a.cache === b.cache
}
