import type { PastMessage } from '../engine-client.ts'

/** Messages of the conversations in a process, for its replacement after a crash. */
export class Transcripts {
  readonly #messages = new Map<string, readonly PastMessage[]>()
  /** Conversations that the current process has. */
  readonly #known = new Set<string>()

  /** Call when a new process was started: it has no conversations. */
  processStarted(): void {
    this.#known.clear()
  }

  /** The messages to send with the next turn of a conversation; null if the process has them. */
  toRecall(conversation: string, processAlive: boolean): readonly PastMessage[] | null {
    if (processAlive && this.#known.has(conversation)) return null
    return this.#messages.get(conversation) ?? null
  }

  recalled(conversation: string): void {
    this.#known.add(conversation)
  }

  /** @param messages all messages of a conversation; the last one is the answer that starts now */
  answerBegins(conversation: string, messages: readonly PastMessage[]): void {
    this.#known.add(conversation)
    this.#messages.set(conversation, messages)
  }

  answerGrows(conversation: string, text: string): void {
    this.#changeAnswer(conversation, (before) => before + text)
  }

  /** @param text the whole answer so far, without the caller's answer prefix */
  answerEnds(conversation: string, text: string): void {
    this.#changeAnswer(conversation, (_, prefix) => prefix + text)
  }

  forget(conversation: string): void {
    this.#messages.delete(conversation)
    this.#known.delete(conversation)
  }

  #changeAnswer(conversation: string, change: (text: string, prefix: string) => string): void {
    const messages = this.#messages.get(conversation) ?? []
    const last = messages.at(-1)
    if (!last) return
    const before = last.content.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    const text = change(before, last.answerPrefix ?? '')
    this.#messages.set(conversation, [...messages.slice(0, -1), { ...last, content: [{ kind: 'text', text }] }])
  }
}
