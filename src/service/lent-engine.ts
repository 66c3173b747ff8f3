import type { EngineClient, ModelInfo, TimeEvent, TimeRequest, TurnRequest, WriteRequest, WrittenText } from '../engine/engine-client.ts'
import type { EngineEvent } from '../shared/engine-events.ts'
import type { EngineChoice, Engines } from './engines.ts'
import type { Asker, RunQueue } from './run-queue.ts'

/** Conversation without messages, for loading the model. */
const LOADING = 'loading'

/**
 * The engine of a long job, which other runs interrupt between its conversations: the first command of a conversation waits for its turn, and
 * closing the conversation ends it. Only one conversation at a time.
 */
export class LentEngine implements Pick<EngineClient, 'load' | 'answer' | 'timeText' | 'write' | 'close'>, AsyncDisposable {
  readonly #engines: Engines
  readonly #runs: RunQueue
  readonly #choice: EngineChoice
  readonly #asker: Asker
  readonly #onQueued: (ahead: number) => void
  #lent: { readonly conversation: string; readonly engine: EngineClient; readonly leave: () => void } | null = null

  constructor(parts: { engines: Engines; runs: RunQueue }, choice: EngineChoice, asker: Asker, onQueued: (ahead: number) => void) {
    this.#engines = parts.engines
    this.#runs = parts.runs
    this.#choice = choice
    this.#asker = asker
    this.#onQueued = onQueued
  }

  /** Waits for its turn as a conversation does. */
  async load(signal: AbortSignal): Promise<ModelInfo> {
    try {
      return await (await this.#borrow(LOADING, signal)).load(signal)
    } finally {
      await this.close(LOADING)
    }
  }

  async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    yield* (await this.#borrow(conversation, signal)).answer(conversation, turn, signal)
  }

  async *timeText(conversation: string, request: TimeRequest, signal: AbortSignal): AsyncGenerator<TimeEvent, void> {
    yield* (await this.#borrow(conversation, signal)).timeText(conversation, request, signal)
  }

  /** Belongs to the present conversation; without one it waits for its turn. */
  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenText> {
    if (this.#lent) return await this.#lent.engine.write(request, signal)
    try {
      return await (await this.#borrow(LOADING, signal)).write(request, signal)
    } finally {
      await this.close(LOADING)
    }
  }

  async close(conversation: string): Promise<void> {
    if (this.#lent?.conversation !== conversation) return
    const { engine, leave } = this.#lent
    this.#lent = null
    try {
      await engine.close(conversation)
    } finally {
      leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#lent) await this.close(this.#lent.conversation)
  }

  async #borrow(conversation: string, signal: AbortSignal): Promise<EngineClient> {
    if (this.#lent?.conversation === conversation) return this.#lent.engine
    await this[Symbol.asyncDispose]()
    const waiting = this.#runs.enter(this.#asker.client, this.#asker.kind, signal)
    for (;;) {
      const next = await waiting.next()
      if (!next.done) {
        if (next.value > 0) this.#onQueued(next.value)
        continue
      }
      const leave = next.value
      try {
        this.#lent = { conversation, engine: await this.#engines.for(this.#choice, conversation), leave }
        return this.#lent.engine
      } catch (error) {
        leave()
        throw error
      }
    }
  }
}
