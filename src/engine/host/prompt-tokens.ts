import type { EngineCommand, HostEvent, TextMessage } from './engine-commands.ts'
import { HostCalls } from './host-calls.ts'

/** Counts that are remembered: most runs ask few different questions. */
const REMEMBERED = 1000

/** Counts the text tokens of messages as the engine would, in a child process that loads only the vocabulary of a model. */
export class PromptTokens implements AsyncDisposable {
  readonly #directory: string
  readonly #calls = new HostCalls<EngineCommand, HostEvent>('engine-host', { name: 'The process that counts tokens' })
  readonly #known = new Map<string, Promise<number>>()

  /** @param directory folder of the model */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Clips are not counted. `answerPrefix` is the given beginning of the answer. */
  async count(messages: readonly TextMessage[], answerPrefix: string, signal: AbortSignal): Promise<number> {
    // Only the texts: clips may be large, and do not matter here.
    const texts = messages.map(({ role, content }) => ({
      role,
      content: content.map((part) => (part.kind === 'text' ? { kind: part.kind, text: part.text } : { kind: part.kind })),
    }))
    const key = JSON.stringify([texts, answerPrefix])
    const known = this.#known.get(key)
    if (known) return await known
    // Not aborted by the signal of one request, because others wait for the same number.
    const command = { kind: 'count-prompt', directory: this.#directory, messages: texts, answerPrefix } as const
    const counted = this.#calls.ask<number>(command, new AbortController().signal)
    this.#known.set(key, counted)
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest)
    try {
      return await counted
    } catch (error) {
      this.#known.delete(key)
      signal.throwIfAborted()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]()
  }
}
