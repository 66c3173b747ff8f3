import type { ClipRequest, TimeRequest } from '../engine/engine-client.ts'
import type { Library } from '../library/library.ts'
import type { FindEventsEvent, FindEventsSettings, TimeAnswerEvent } from '../shared/contract/events.ts'
import { TarsierError } from '../shared/errors.ts'
import { type Answering, messagesOf } from './answering.ts'
import type { ClipStore } from './clip-store.ts'
import type { FileEvents } from './file-events.ts'
import type { Asker } from './run-queue.ts'

export interface EventRunsParts {
  readonly library: Library
  readonly clips: ClipStore
  readonly files: FileEvents
  readonly answering: Answering
}

/** Finds the events of the library's clips and times its answers, and stores the results. */
export class EventRuns {
  readonly #parts: EventRunsParts

  constructor(parts: EventRunsParts) {
    this.#parts = parts
  }

  /** Finds the events of a clip of the library and stores them; see {@link FindEventsEvent}. Throws `usage` while the clip is being searched. */
  async *find(handle: string, settings: FindEventsSettings, asker: Asker, signal: AbortSignal): AsyncGenerator<FindEventsEvent, void> {
    const { clips, files, library } = this.#parts
    const { path } = await clips.present(handle, signal)
    if (files.isSearching(path))
      throw new TarsierError('usage', 'The events of this clip are already being searched. Wait until the search is finished, or stop it.')
    const release = clips.hold(handle)
    try {
      const resolved = await files.resolve(settings)
      const found = yield* files.find({ path, file: path, resumable: true }, resolved, asker, signal)
      const stored = library.events.put(library.clips.get(handle).key, resolved, found.events)
      await found.finish()
      yield { kind: 'saved', stored: { clip: handle, ...stored } }
    } finally {
      release()
    }
  }

  /** Times an answer and stores the times with its turn; see {@link TimeAnswerEvent}. Throws `usage` if there is no answer or one is being generated. */
  async *time(
    { chat, turn: index, precision }: { readonly chat: string; readonly turn: number; readonly precision?: number | undefined },
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<TimeAnswerEvent, void> {
    const { answering, clips, files, library } = this.#parts
    const release = answering.occupy(chat)
    try {
      const turn = library.chats.turn(chat, index)
      if (turn.text.trim() === '')
        throw new TarsierError('usage', 'This answer has no text whose times could be found. Regenerate it first.')
      const before = library.chats.turns(chat).slice(0, index)
      const { settings } = await files.settingsOf(turn.settings, before.at(-1)?.settings)
      const request = async (): Promise<TimeRequest> => {
        const { path } = await clips.present(library.chats.summary(chat).clip, signal)
        const clip: ClipRequest = { path, frames: settings.frames, maxPixels: settings.maxPixels }
        const messages = messagesOf(before, turn.question, clip)
        return { turn: { kind: 'chat', messages, system: turn.settings.system }, text: turn.text, precision }
      }
      const timed = yield* files.score(chat, settings, request, asker, signal)
      yield { kind: 'saved', turn: library.chats.time(chat, index, timed) }
    } finally {
      release()
    }
  }
}
