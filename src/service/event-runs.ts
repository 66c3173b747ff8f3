import type { ClipRequest, EngineClient, TimeRequest } from '../engine/engine-client.ts'
import type { MediaClient } from '../engine/host/media-client.ts'
import { readManifest, weightsOf } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import {
  type ClipEventsOptions,
  type ClipEventsProgress,
  type ClipEventsTools,
  clipEvents,
  type FoundEvents,
} from '../jobs/events/clip-events.ts'
import { SegmentJournal } from '../jobs/events/segment-journal.ts'
import type { Library } from '../library/library.ts'
import type { AskSettings } from '../shared/contract/asking.ts'
import type { CheckTextEvent, FindEventsEvent, FindEventsSettings, ScoringProgress, TimeAnswerEvent } from '../shared/contract/events.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { eventDefaults, eventFrames } from '../shared/options.ts'
import type { TimedText } from '../shared/timed-text.ts'
import { type Answering, messagesOf } from './answering.ts'
import type { ClipStore } from './clip-store.ts'
import type { Engines } from './engines.ts'
import { eventStream } from './event-stream.ts'
import { LentEngine } from './lent-engine.ts'
import type { Log } from './log.ts'
import { modelOf, type ResolvedSettings, resolveSettings } from './resolved-settings.ts'
import type { Asker, RunQueue } from './run-queue.ts'

export interface EventRunsParts {
  readonly home: string
  readonly library: Library
  readonly clips: ClipStore
  readonly media: MediaClient
  readonly engines: Engines
  readonly runs: RunQueue
  readonly answering: Answering
  readonly log: Log
}

/** A file whose events are searched. */
export interface SearchedFile {
  readonly path: string
  /** Name of the file in the result. */
  readonly file: string
  /** Whether finished segments are stored for a later run. */
  readonly resumable: boolean
}

/** A text and the file against which it is checked. */
export interface CheckedText {
  readonly path: string
  readonly text: string
  /** Defaults to the model's own description prompt. */
  readonly question?: string | undefined
}

/** Settings of a search, complete so that it can be repeated after the app's settings change. */
export type ResolvedSearch = ResolvedSettings &
  Required<Pick<FindEventsSettings, 'frames' | 'segmentSeconds' | 'scenes' | 'precision'>> &
  Pick<FindEventsSettings, 'question' | 'text'>

/** Finds the events of clips, times answers, and checks texts. */
export class EventRuns {
  readonly #parts: EventRunsParts
  readonly #journal: SegmentJournal
  /** Paths of the clips whose finished segments are being stored. */
  readonly #searched = new Set<string>()

  constructor(parts: EventRunsParts) {
    this.#parts = parts
    this.#journal = new SegmentJournal(parts.home)
  }

  /** Finds the events of a clip of the library and stores them; see {@link FindEventsEvent}. Throws `usage` while the clip is being searched. */
  async *find(handle: string, settings: FindEventsSettings, asker: Asker, signal: AbortSignal): AsyncGenerator<FindEventsEvent, void> {
    const { clips, library } = this.#parts
    const { path } = await clips.present(handle, signal)
    if (this.#searched.has(path))
      throw new TarsierError('usage', 'The events of this clip are already being searched. Wait until the search is finished, or stop it.')
    const release = clips.hold(handle)
    try {
      const resolved = await this.resolve(settings)
      const found = yield* this.inFile({ path, file: path, resumable: true }, resolved, asker, signal)
      const stored = library.events.put(library.clips.get(handle).key, resolved, found.events)
      await found.finish()
      yield { kind: 'saved', stored: { clip: handle, ...stored } }
    } finally {
      release()
    }
  }

  /** Finds the events of a file; returns them after yielding the progress, to be finished once they are stored. Other runs take their turn between its segments. */
  async *inFile(
    { path, file, resumable }: SearchedFile,
    settings: ResolvedSearch,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<FindEventsEvent, { kind: 'saved' }>, FoundEvents> {
    const { model, device } = settings
    const choice = { model, device, cache: this.#parts.library.settings.get().cache }
    // Two runs cannot write into one journal.
    const journal = resumable && !this.#searched.has(path) ? this.#journal : null
    if (journal) this.#searched.add(path)
    try {
      return yield* eventStream<ClipEventsProgress | { kind: 'queued'; ahead: number }, FoundEvents>(async (report, stop) => {
        await using engine = new LentEngine(this.#parts, choice, asker, (ahead) => report({ kind: 'queued', ahead }))
        const tools = { media: this.#parts.media, engine, model, ...(await this.#modelTools(model)), journal }
        return await clipEvents(file, path, tools, clipEventsOptions(settings), report, stop)
      }, signal)
    } catch (error) {
      throw this.#logged(error, settings, signal)
    } finally {
      if (journal) this.#searched.delete(path)
    }
  }

  /** Times an answer and stores the times with its turn; see {@link TimeAnswerEvent}. Throws `usage` if there is no answer or one is being generated. */
  async *time(
    { chat, turn: index, precision }: { readonly chat: string; readonly turn: number; readonly precision?: number | undefined },
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<TimeAnswerEvent, void> {
    const { answering, clips, library } = this.#parts
    const release = answering.occupy(chat)
    try {
      const turn = library.chats.turn(chat, index)
      if (turn.text.trim() === '')
        throw new TarsierError('usage', 'This answer has no text whose times could be found. Regenerate it first.')
      const before = library.chats.turns(chat).slice(0, index)
      const { settings } = await this.#settingsOf(turn.settings, before.at(-1)?.settings)
      const request = async (): Promise<TimeRequest> => {
        const { path } = await clips.present(library.chats.summary(chat).clip, signal)
        const clip: ClipRequest = { path, frames: settings.frames, maxPixels: settings.maxPixels }
        const messages = messagesOf(before, turn.question, clip)
        return { turn: { kind: 'chat', messages, system: turn.settings.system }, text: turn.text, precision }
      }
      const timed = yield* this.#scored(chat, settings, request, asker, signal)
      yield { kind: 'saved', turn: library.chats.time(chat, index, timed) }
    } finally {
      release()
    }
  }

  /** Checks a text against a file; see {@link CheckTextEvent}. */
  async *check(
    { path, text, question }: CheckedText,
    asked: AskSettings,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<CheckTextEvent, void> {
    const { settings } = await this.#settingsOf(asked)
    const { frames, maxPixels, system } = settings
    const turn = { kind: 'ask', text: question, system, clip: { path, frames, maxPixels, fit: true } } as const
    const conversation = `check ${path}`
    const timed = yield* this.#scored(
      conversation,
      settings,
      async () => ({ turn, text }),
      asker,
      signal,
      (engine) => engine.close(conversation),
    )
    yield { kind: 'checked', timed }
  }

  /** Completes the settings of a search. */
  async resolve(requested: FindEventsSettings): Promise<ResolvedSearch> {
    const { question, text, segmentSeconds, precision, scenes = true, ...asked } = requested
    const { settings, manifest } = await this.#settingsOf(asked)
    const stored = this.#parts.library.settings.get()
    const frames = asked.frames ?? {
      kind: stored.sampler ?? manifest.sampler.kind,
      count: stored.frames ?? eventFrames(manifest.sampler.frames),
    }
    return {
      ...settings,
      frames,
      ...(question !== undefined && { question }),
      ...(text !== undefined && { text }),
      segmentSeconds: segmentSeconds ?? eventDefaults.segmentSeconds,
      scenes,
      precision: precision ?? eventDefaults.precision,
    }
  }

  /** Scores a text in its turn. `after` is called before the next run begins. */
  async *#scored(
    conversation: string,
    settings: Pick<ResolvedSettings, 'model' | 'device'>,
    request: () => Promise<TimeRequest>,
    asker: Asker,
    signal: AbortSignal,
    after: (engine: EngineClient) => Promise<void> = async () => {},
  ): AsyncGenerator<ScoringProgress, TimedText> {
    const { engines, library, runs } = this.#parts
    const { model, device } = settings
    const work = async function* () {
      const time = await request()
      const engine = await engines.for({ model, device, cache: library.settings.get().cache }, conversation)
      try {
        yield* engine.timeText(conversation, time, signal)
      } finally {
        await after(engine)
      }
    }
    let timed: TimedText | null = null
    try {
      for await (const event of runs.inTurn(asker, work, signal)) {
        if (event.kind === 'timed') timed = event.timed
        else yield event
      }
    } catch (error) {
      throw this.#logged(error, settings, signal)
    }
    if (timed) return timed
    throw new TarsierError('internal', 'The engine returned no times. Please report it.')
  }

  async #settingsOf(asked: AskSettings, before?: AskSettings): Promise<{ settings: ResolvedSettings; manifest: ModelManifest }> {
    const { home, library } = this.#parts
    const stored = library.settings.get()
    const manifest = await readManifest(await resolveModel(modelOf(asked, before, stored), home))
    return { settings: resolveSettings(asked, before, stored, manifest), manifest }
  }

  async #modelTools(model: string): Promise<Pick<ClipEventsTools, 'weights' | 'textContext'>> {
    const manifest = await readManifest(await resolveModel(model, this.#parts.home))
    return { weights: weightsOf(manifest), textContext: (manifest.textTasks ?? true) ? manifest.maxSequence : null }
  }

  #logged(error: unknown, { model, device }: Pick<ResolvedSettings, 'model' | 'device'>, signal: AbortSignal): unknown {
    if (!isAbort(error) && !signal.aborted) this.#parts.log.error('events', `${asTarsierError(error).code}: ${model} on ${device}`)
    return error
  }
}

/** What a job needs of the settings of a search. */
export function clipEventsOptions(settings: ResolvedSearch): ClipEventsOptions {
  const { frames, maxPixels, question, system, sampling, text, segmentSeconds, scenes, precision } = settings
  return {
    clip: { frames, maxPixels, fit: true },
    prompt: question,
    ...(system !== '' && { system }),
    sampling,
    text,
    segmentSeconds,
    scenes,
    precision,
  }
}
