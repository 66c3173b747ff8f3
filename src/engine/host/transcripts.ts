import type { PastMessage } from '../engine-client.ts'

/** What was said in the conversations of a process, for the process that takes its place when it crashed. */
export class Transcripts {
  readonly #messages = new Map<string, readonly PastMessage[]>()
  /** Conversations that the present process knows. */
  readonly #known = new Set<string>()

  /** A new process knows nothing. */
  processStarted(): void {
    this.#known.clear()
  }

  /** What a process must be given with the next turn of a conversation; null where there is nothing that it does not know. */
  toRecall(conversation: string, processAlive: boolean): readonly PastMessage[] | null {
    if (processAlive && this.#known.has(conversation)) return null
    return this.#messages.get(conversation) ?? null
  }

  recalled(conversation: string): void {
    this.#known.add(conversation)
  }

  /** @param messages all of a conversation; the last one is the answer that now begins */
  answerBegins(conversation: string, messages: readonly PastMessage[]): void {
    this.#known.add(conversation)
    this.#messages.set(conversation, messages)
  }

  answerGrows(conversation: string, text: string): void {
    this.#changeAnswer(conversation, (before) => before + text)
  }

  /** @param text all of the answer, without what the caller had it begin with */
  answerEnds(conversation: string, text: string): void {
    this.#changeAnswer(conversation, (_, begun) => begun + text)
  }

  forget(conversation: string): void {
    this.#messages.delete(conversation)
    this.#known.delete(conversation)
  }

  #changeAnswer(conversation: string, change: (text: string, begun: string) => string): void {
    const messages = this.#messages.get(conversation) ?? []
    const last = messages.at(-1)
    if (!last) return
    const before = last.content.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    const text = change(before, last.begun ?? '')
    this.#messages.set(conversation, [...messages.slice(0, -1), { ...last, content: [{ kind: 'text', text }] }])
  }
}
