import { assistantMessage, type ClipRequest, type Message, userMessage } from '../engine/engine-client.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { rewriterFor } from '../engine/rewriting/rewriter.ts'
import type { Library } from '../library/library.ts'
import type { AskSettings } from '../shared/contract/asking.ts'
import type { ChatEvent, Turn } from '../shared/contract/chats.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import { type CaptionShape, isRewriting, type ShapedCaption } from '../shared/shaping/caption-shape.ts'
import { shapedAnswer, shapedEvents } from '../shared/shaping/shaped-answer.ts'
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
  /** `updated` of the conversation as the asker has seen it; see {@link Answering.expectUnchanged}. Not checked by default. */
  readonly updated?: number | undefined
  /** Library changes that are saved in the same transaction as the new turn. */
  readonly alsoKeep?: () => void
}

type StoredAnswer = NonNullable<Turn['answer']>

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
      this.expectUnchanged(chat, question.updated)
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

  /**
   * Throws `conversation-changed` if questions or answers have changed since the conversation was `updated`: what its page does not show must not be
   * deleted. Undefined expects nothing.
   */
  expectUnchanged(chat: string, updated: number | undefined): void {
    if (updated === undefined || this.#parts.library.chats.summary(chat).updated === updated) return
    throw new TarsierError(
      'conversation-changed',
      'Another window or program has changed this conversation meanwhile. Look at it as it is now, and try again.',
      { details: { chat } },
    )
  }

  /**
   * Details of a finished answer with its text in a shape. Only a shape that rewrites needs the model, and waits for its turn. Throws `usage` for an answer
   * that is not finished.
   */
  async shaped(chat: string, position: number, shape: CaptionShape | null, asker: Asker, signal: AbortSignal): Promise<StoredAnswer> {
    const { library, runs, home } = this.#parts
    const turn = library.chats.turn(chat, position)
    const { text, answer } = turn
    if (!answer) throw new TarsierError('usage', 'This answer was not finished, so it cannot get a shape. Regenerate it first.')
    if (!isRewriting(shape)) {
      const { text: _, ...shaped } = shapedAnswer({ text, ...answer }, shape)
      return shaped
    }
    const stored = library.settings.get()
    const manifest = await readManifest(await resolveModel(turn.model, home))
    const settings = resolveSettings({ ...turn.settings, model: turn.model }, undefined, stored, manifest)
    const prepare = () => this.#ready(chat, turn, settings, signal)
    const found: { shaped?: ShapedCaption } = {}
    const work = async function* () {
      const { rewriter } = await prepare()
      await rewriter.expectUsable(shape)
      found.shaped = yield* rewriter.rewrite({ text }, shape)
    }
    for await (const _ of runs.inTurn(asker, work, signal));
    if (!found.shaped) throw new TarsierError('internal', 'The engine returned no caption. Please report it.')
    return { ...answer, shaped: found.shaped }
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
      yield { kind: 'turn', turn, batch: asker.kind === 'batch' }
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
    const prepare = () => this.#ready(chat, turn, settings, signal)
    const work = async function* (): AsyncGenerator<ChatEvent, void> {
      const { engine, asked, rewriter } = await prepare()
      yield* shapedEvents(engine.answer(chat, { ...asked, sampling: settings.sampling }, signal), settings.shape, rewriter)
    }
    yield* this.#parts.runs.inTurn(asker, work, signal)
  }

  /** The engine with the messages of a turn, and what rewrites its answer. To be called when the run has its turn. */
  async #ready(
    chat: string,
    turn: Pick<Turn, 'index' | 'question'>,
    settings: Pick<ResolvedSettings, 'model' | 'device' | 'frames' | 'maxPixels' | 'system'>,
    signal: AbortSignal,
  ) {
    const { library, clips, engines, home } = this.#parts
    const { path } = await clips.present(library.chats.summary(chat).clip, signal)
    const request: ClipRequest = { path, frames: settings.frames, maxPixels: settings.maxPixels }
    const messages = messagesOf(library.chats.turns(chat).slice(0, turn.index), turn.question, request)
    const choice = { model: settings.model, device: settings.device, cache: library.settings.get().cache }
    const engine = await engines.for(choice, chat)
    const asked = { kind: 'chat', messages, system: settings.system } as const
    return { engine, asked, rewriter: rewriterFor({ engine, home, conversation: chat, turn: asked, signal }) }
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
