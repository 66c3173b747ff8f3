import { isDeepStrictEqual } from 'node:util'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { type ClipRequest, type Message, type PastMessage, systemMessages, type TurnMessages, userMessage } from '../engine-client.ts'
import { type ClipResources, PreparedClip } from './prepared-clip.ts'

export type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: PreparedClip }

export interface OpenedMessage {
  readonly role: Message['role']
  readonly content: readonly Part[]
  /** Answer prefix that the caller had given. */
  readonly answerPrefix?: string
}

/** The messages before the requested answer. */
export interface PendingAnswer {
  readonly messages: readonly OpenedMessage[]
  readonly answerPrefix: string
  /** Text of the answer that exists already, after the prefix. */
  readonly answered?: string
  /** Clips that were opened for these messages. */
  readonly opened: readonly PreparedClip[]
}

/** The messages of a conversation with their open clips. */
export class MessageHistory {
  readonly #resources: ClipResources
  /** Ends with the model's answer, which may be partial. */
  #messages: readonly OpenedMessage[] = []
  /** Messages from an earlier process, until the first turn opens their clips. */
  #past: readonly PastMessage[]

  constructor(resources: ClipResources, past: readonly PastMessage[]) {
    this.#resources = resources
    this.#past = past
  }

  get clips(): PreparedClip[] {
    return clipsOf(this.#messages)
  }

  /** All messages as plain data, including a partial last answer. */
  get past(): PastMessage[] {
    return this.#messages.map(({ role, content, answerPrefix }) => ({
      role,
      content: content.map((part) => (part.kind === 'text' ? part : { kind: 'clip', clip: part.clip.request })),
      ...(answerPrefix !== undefined && { answerPrefix }),
    }))
  }

  /** Text of the last answer without its prefix; undefined if there is none. */
  get lastAnswer(): string | undefined {
    const last = this.#messages.at(-1)
    if (last?.role !== 'assistant') return undefined
    return textOf(last).slice(last.answerPrefix?.length ?? 0)
  }

  /** Replaces all messages by those of a pending answer and the text that was generated for it so far, without the answer prefix. */
  record({ messages, answerPrefix }: PendingAnswer, text: string): void {
    this.#messages = [...messages, { role: 'assistant', content: [{ kind: 'text', text: answerPrefix + text }], answerPrefix }]
  }

  clear(): void {
    this.#messages = []
  }

  /** The messages that a turn continues, with their clips opened. Throws `usage` for a turn that does not exist, and the errors of opening a clip. */
  async next(request: TurnMessages, signal: AbortSignal): Promise<PendingAnswer> {
    const recalled = await this.#recall(signal)
    const pending = await this.#newlyOpened(request, signal)
    return recalled.length === 0 ? pending : { ...pending, opened: [...recalled, ...pending.opened] }
  }

  /** Restores messages from another process. Returns the clips that were opened for them. */
  async #recall(signal: AbortSignal): Promise<readonly PreparedClip[]> {
    if (this.#past.length === 0) return []
    const { messages, opened } = await this.#opened(this.#past, signal)
    this.#messages = messages
    this.#past = []
    return opened
  }

  async #newlyOpened(request: TurnMessages, signal: AbortSignal): Promise<PendingAnswer> {
    switch (request.kind) {
      case 'ask': {
        const { text, clip, system, answerPrefix = '' } = request
        const head = this.#messages.length === 0 ? systemMessages(system) : []
        const { messages, opened } = await this.#opened([...head, userMessage(text, clip)], signal, this.#messages)
        const pending = messages.map((message) => (message.role === 'user' && text === undefined ? this.#withPrompt(message) : message))
        return { messages: [...this.#messages, ...pending], answerPrefix, opened }
      }
      case 'chat':
        return {
          ...(await this.#opened([...systemMessages(request.system), ...request.messages], signal)),
          answerPrefix: request.answerPrefix ?? '',
        }
      case 'regenerate':
        return this.#before(this.#messages.length - 1)
      case 'edit': {
        const { turn, text } = request
        const place = this.#messages.flatMap(({ role }, i) => (role === 'user' ? [i] : []))[turn] ?? -1
        const { messages, answerPrefix } = this.#before(place + 1)
        const clips = clipsOf(messages.slice(place)).map((clip) => ({ kind: 'clip', clip }) as const)
        const edited = { role: 'user', content: [...clips, { kind: 'text', text }] } as const
        return { messages: [...messages.slice(0, place), edited], answerPrefix, opened: [] }
      }
      case 'continue': {
        const pending = this.#before(this.#messages.length - 1)
        return { ...pending, answered: this.lastAnswer ?? '' }
      }
      default:
        return assertNever(request, 'turn request')
    }
  }

  /** Adds the model's prompt for a description to a message without text. */
  #withPrompt({ role, content }: OpenedMessage): OpenedMessage {
    const [clip] = content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
    return { role, content: [...content, { kind: 'text', text: descriptionPrompt(this.#resources.manifest.prompt, clip?.info.kind) }] }
  }

  /** Opens the clips of messages, or reuses open clips of the conversation that `before` does not use. */
  async #opened(
    wanted: readonly PastMessage[],
    signal: AbortSignal,
    before: readonly OpenedMessage[] = [],
  ): Promise<{ messages: OpenedMessage[]; opened: PreparedClip[] }> {
    const spare = this.clips.filter((clip) => !clipsOf(before).includes(clip))
    const opened: PreparedClip[] = []
    const open = async (request: ClipRequest): Promise<PreparedClip> => {
      for (const [i, clip] of spare.entries()) {
        if (!matches(clip, request) || !(await clip.isUnchanged())) continue
        spare.splice(i, 1)
        return clip
      }
      const clip = await PreparedClip.open(request, this.#resources, signal)
      opened.push(clip)
      return clip
    }
    try {
      const messages: OpenedMessage[] = []
      for (const { content, ...message } of wanted) {
        const parts: Part[] = []
        for (const part of content) parts.push(part.kind === 'text' ? part : { kind: 'clip', clip: await open(part.clip) })
        messages.push({ ...message, content: parts })
      }
      return { messages, opened }
    } catch (error) {
      for (const clip of opened) await clip.close()
      throw error
    }
  }

  /** The messages before an answer that is to be regenerated. */
  #before(index: number): PendingAnswer {
    const answer = this.#messages[index]
    if (answer?.role !== 'assistant')
      throw new TarsierError('usage', 'There is no such answer to regenerate. Ask a question first.', {
        details: { turns: this.#messages.filter(({ role }) => role === 'user').length },
      })
    return { messages: this.#messages.slice(0, index), answerPrefix: answer.answerPrefix ?? '', opened: [] }
  }
}

/** The clips of messages, in order. */
export function clipsOf(messages: readonly OpenedMessage[]): PreparedClip[] {
  return messages.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : [])))
}

function textOf({ content }: OpenedMessage): string {
  return content.map((part) => (part.kind === 'text' ? part.text : '')).join('')
}

/** The messages after the last answer. */
export function sinceLastAnswer(messages: readonly OpenedMessage[]): readonly OpenedMessage[] {
  return messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1)
}

/**
 * Whether an open clip matches a request: the same frames of the same file, at the same size. A clip that was shrunk to fit matches only requests
 * that allow this; others need the requested size, or an error.
 */
function matches({ request, fitted }: PreparedClip, wanted: ClipRequest): boolean {
  return (
    request.path === wanted.path &&
    request.maxPixels === wanted.maxPixels &&
    request.minPixels === wanted.minPixels &&
    isDeepStrictEqual(request.frames, wanted.frames) &&
    (fitted === undefined || wanted.fit === true)
  )
}
