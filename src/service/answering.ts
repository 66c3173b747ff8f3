import { assistantMessage, type ClipRequest, type Message, userMessage } from '../engine/engine-client.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import type { Library } from '../library/library.ts'
import type { AskSettings } from '../shared/contract/asking.ts'
import type { ChatEvent, Turn } from '../shared/contract/chats.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import { shapedEvents } from '../shared/shaping/shaped-answer.ts'
import type { ClipStore } from './clip-store.ts'
import type { Engines } from './engines.ts'
import type { Log } from './log.ts'
import { modelOf, ownQuestion, type ResolvedSettings, resolveSettings } from './resolved-settings.ts'
import type { Asker, RunQueue } from './run-queue.ts'

/** Interval between saves of a partial answer, in milliseconds. */
const SAVE_EVERY_MS = 300

/** Reason to stop an answer because the program ends, not by the user. */
export const CLOSING = new DOMException('Tarsier is closing.', 'AbortError')

export interface Question {
  readonly chat: string
  /** Index of the turn in the conversation. Turns at this index and later are removed. */
  readonly position: number
  /** Defaults to the model's own description prompt. */
  readonly text?: string | undefined
  readonly settings: AskSettings
  /** Whether the present answer at this index is kept as a version. */
  readonly keepAnswer?: boolean
  /** Library changes that are saved in the same transaction as the new turn. */
  readonly alsoKeep?: () => void
}

export interface AnsweringParts {
  readonly home: string
  readonly library: Library
  readonly clips: ClipStore
  readonly engines: Engines
  readonly runs: RunQueue
  readonly log: Log
}

/** Answers questions about clips and saves the conversations. */
export class Answering {
  readonly #parts: AnsweringParts
  readonly #busy = new Set<string>()

  constructor(parts: AnsweringParts) {
    this.#parts = parts
  }

  /** Streams the events of an answer; see {@link ChatEvent}. Leaving the loop or aborting stops the answer; the partial text is kept. */
  async *answer(question: Question, asker: Asker, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const { chat, position } = question
    const release = this.occupy(chat)
    try {
      const { settings, text } = await this.#prepare(question)
      const { chats } = this.#parts.library
      const turn = chats.begin(chat, position, { question: text, settings, model: settings.model }, question)
      yield* this.#run(turn, chat, settings, asker, signal)
    } finally {
      release()
    }
  }

  /** Keeps other runs out of a conversation until the returned function is called. Throws `usage` while one is running. */
  occupy(chat: string): () => void {
    this.expectIdle(chat)
    this.#busy.add(chat)
    return () => this.#busy.delete(chat)
  }

  /** Throws `usage` while an answer is running in this conversation. */
  expectIdle(chat: string): void {
    if (!this.#busy.has(chat)) return
    throw new TarsierError('usage', 'An answer is already being generated in this conversation. Wait until it is finished, or stop it.', {
      details: { chat },
    })
  }

  /** A turn as it is stored. */
  stored(chat: string, position: number): Turn {
    return this.#parts.library.chats.turn(chat, position)
  }

  async #prepare({ chat, position, text, settings }: Question): Promise<{ settings: ResolvedSettings; text: string }> {
    const { library, home } = this.#parts
    const { clip } = library.chats.summary(chat)
    const before = library.chats.turns(chat)[position - 1]
    if (position > 0 && !before) throw new TarsierError('usage', 'This conversation does not contain that question. Ask a question first.')
    const stored = library.settings.get()
    const manifest = await readManifest(await resolveModel(modelOf(settings, before?.settings, stored), home))
    const resolved = resolveSettings(settings, before?.settings, stored, manifest)
    return { settings: resolved, text: text ?? ownQuestion(resolved, manifest, library.clips.get(clip).facts.kind) }
  }

  async *#run(turn: Turn, chat: string, settings: ResolvedSettings, asker: Asker, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const { library, log } = this.#parts
    let text = ''
    let saved = Date.now()
    let ended: Turn | null = null
    const end = (how: Parameters<typeof library.chats.end>[2]) => {
      ended = library.chats.end(chat, turn.index, how)
      return ended
    }
    try {
      yield { kind: 'turn', turn }
      for await (const event of this.#events(turn, chat, settings, asker, signal)) {
        if (event.kind === 'delta') {
          text += event.text
          if (Date.now() - saved >= SAVE_EVERY_MS) {
            library.chats.say(chat, turn.index, text)
            saved = Date.now()
          }
        }
        if (event.kind === 'done') {
          const { text: whole, ...answer } = event.answer
          end({ state: 'done', text: whole, answer })
        }
        yield event
      }
      if (ended) yield { kind: 'saved', turn: ended }
    } catch (error) {
      // An abort reason may be any value: the HTTP server uses its own error for a closed connection.
      if (ended || isAbort(error) || signal.aborted) throw error
      const data = asTarsierError(error).toData()
      log.error('answer', `${data.code}: ${settings.model} on ${settings.device}`)
      end({ state: 'failed', text, error: data })
      throw error
    } finally {
      // Aborted, or the consumer left the loop.
      if (!ended) end({ state: signal.reason === CLOSING ? 'cut-off' : 'stopped', text })
    }
  }

  async *#events(turn: Turn, chat: string, settings: ResolvedSettings, asker: Asker, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const { library, clips, engines, runs } = this.#parts
    const work = async function* (): AsyncGenerator<ChatEvent, void> {
      const clip = await clips.present(library.chats.summary(chat).clip, signal)
      const request: ClipRequest = { path: clip.path, frames: settings.frames, maxPixels: settings.maxPixels }
      const messages = messagesOf(library.chats.turns(chat).slice(0, turn.index), turn.question, request)
      const choice = { model: settings.model, device: settings.device, cache: library.settings.get().cache }
      const engine = await engines.for(choice, chat)
      const ask = { kind: 'chat', messages, system: settings.system, sampling: settings.sampling } as const
      yield* shapedEvents(engine.answer(chat, ask, signal), settings.shape)
    }
    yield* runs.inTurn(asker, work, signal)
  }
}

/**
 * Builds the engine's messages from earlier turns and the question. The clip is part of the first message; turns with an empty answer are
 * skipped.
 */
export function messagesOf(before: readonly Pick<Turn, 'question' | 'text'>[], question: string, clip: ClipRequest): Message[] {
  const withText = before.filter(({ text }) => text !== '')
  const shown = (text: string, i: number) => userMessage(text, i === 0 ? clip : undefined)
  return [...withText.flatMap((turn, i) => [shown(turn.question, i), assistantMessage(turn.text)]), shown(question, withText.length)]
}
