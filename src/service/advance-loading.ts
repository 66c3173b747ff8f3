import type { EngineOptions } from '../engine/engine-client.ts'
import { weightsFit } from '../engine/estimate/weights-fit.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import type { Library } from '../library/library.ts'
import { memoryLimit } from '../platform/memory-limit.ts'
import { asTarsierError } from '../shared/errors.ts'
import { type EngineChoice, type Engines, UNUSED_MS, type UnusedEngine } from './engines.ts'
import type { Log } from './log.ts'
import type { RunQueue } from './run-queue.ts'

/** Interval between checks of the memory and the time, while a model is in memory that no question has used. */
const CHECK_MS = 5000
/** Free memory in bytes below which such a model leaves the memory: half of the room that was there beside its weights. */
const LITTLE_MEMORY = 1e9
/** Name in the queue of runs, which it enters for a moment. */
const CLIENT = 'loading in advance'

const never = new AbortController().signal

export interface AdvanceLoadingParts {
  readonly home: string
  readonly limits: EngineOptions['limits']
  readonly library: Library
  readonly engines: Engines
  readonly runs: RunQueue
  readonly log: Log
  /** Free memory in bytes. Defaults to that of the machine. */
  readonly freeMemory?: () => number
  /** Milliseconds. Defaults to the system's clock. */
  readonly now?: () => number
}

/**
 * Loads the model and the tower of the settings before a question needs them. Every run comes first: nothing is begun while there is one, and a question
 * takes over the load, or ends it if it is for another model. A model that a question has used is never replaced.
 */
export class AdvanceLoading implements Disposable {
  readonly #parts: AdvanceLoadingParts
  readonly #onChange: () => void
  readonly #freeMemory: () => number
  readonly #now: () => number
  /** Choices that failed, by their JSON: they are not tried again, because each crash counts. */
  readonly #failed = new Set<string>()
  #begun: { readonly engine: UnusedEngine; readonly at: number; loading: boolean } | null = null
  #checks: NodeJS.Timeout | undefined
  #closed = false

  constructor(parts: AdvanceLoadingParts, onChange: () => void = () => {}) {
    this.#parts = parts
    this.#onChange = onChange
    this.#freeMemory = parts.limits?.memory === undefined ? (parts.freeMemory ?? memoryLimit) : () => parts.limits?.memory ?? 0
    this.#now = parts.now ?? Date.now
  }

  get loading(): boolean {
    return this.#begun?.loading ?? false
  }

  /** Begins to load the model of the settings, if that is wanted and possible. If the setting is off, an unused model leaves the memory. */
  async begin(): Promise<void> {
    const { loadInAdvance, model, device, cache } = this.#parts.library.settings.get()
    if (!loadInAdvance) return await this.#giveUp()
    const choice = { model, device, cache }
    if (this.#failed.has(JSON.stringify(choice))) return
    try {
      const manifest = await readManifest(await resolveModel(model, this.#parts.home))
      await this.#whenIdle(async () => {
        const engine = await this.#parts.engines.inAdvance(choice, () => !this.#closed && weightsFit(manifest, this.#freeMemory()))
        if (engine) this.#load(engine, choice)
      })
    } catch (error) {
      this.#fail(choice, error)
    }
  }

  /** Unloads the model if no question has used it and memory is short or ten minutes have passed. Called every few seconds. */
  async check(): Promise<void> {
    const begun = this.#begun
    if (!begun?.engine.isUnused()) this.#forget()
    else if (this.#freeMemory() < LITTLE_MEMORY || this.#now() - begun.at > UNUSED_MS) await this.#giveUp()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#forget()
  }

  #load(engine: UnusedEngine, choice: EngineChoice): void {
    const begun = { engine, at: this.#now(), loading: true }
    this.#forget()
    this.#begun = begun
    this.#checks = setInterval(() => void this.check(), CHECK_MS).unref()
    this.#onChange()
    engine.client
      .load(never, 'any')
      .catch(async (error: unknown) => {
        // A question that uses the engine has the same error. An engine that was ended for another one has not failed.
        if (!engine.isUnused()) return
        this.#fail(choice, error)
        await this.#giveUp()
      })
      .finally(() => {
        begun.loading = false
        this.#onChange()
      })
  }

  #fail(choice: EngineChoice, error: unknown): void {
    this.#failed.add(JSON.stringify(choice))
    const { code, message } = asTarsierError(error)
    this.#parts.log.error('engine', `${choice.model} could not be loaded in advance: ${code}: ${message}`)
  }

  async #giveUp(): Promise<void> {
    const engine = this.#begun?.engine
    await this.#whenIdle(async () => {
      if (!engine?.isUnused()) return
      this.#forget()
      await this.#parts.engines.unload()
    })
  }

  /** Does something with the engine that no run may overlap; nothing if there is a run, which will use the engine. */
  async #whenIdle(work: () => Promise<void>): Promise<void> {
    const leave = this.#parts.runs.enterIfIdle(CLIENT, 'batch')
    if (!leave) return
    try {
      await work()
    } finally {
      leave()
    }
  }

  #forget(): void {
    clearInterval(this.#checks)
    this.#begun = null
  }
}
