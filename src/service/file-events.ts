import type { EngineClient, TimeRequest } from '../engine/engine-client.ts'
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
import type { AskSettings } from '../shared/contract/asking.ts'
import type { CheckTextEvent, FindEventsEvent, FindEventsSettings, ScoringProgress } from '../shared/contract/events.ts'
import type { Settings } from '../shared/contract/settings.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { eventDefaults, eventFrames } from '../shared/options.ts'
import type { TimedText } from '../shared/timed-text.ts'
import type { Engines } from './engines.ts'
import { eventStream } from './event-stream.ts'
import { LentEngine } from './lent-engine.ts'
import type { Log } from './log.ts'
import { modelOf, type ResolvedSettings, resolveSettings, sampledFrames } from './resolved-settings.ts'
import type { Asker, RunQueue } from './run-queue.ts'

export interface FileEventsParts {
  readonly home: string
  readonly media: MediaClient
  readonly engines: Engines
  readonly runs: RunQueue
  readonly log: Pick<Log, 'error'>
  /** The app's settings, which hold unless a request has its own. */
  settings(): Settings
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

type UnshapedSettings = Omit<ResolvedSettings, 'shape'>

/** Settings of a search, complete so that it can be repeated after the app's settings change. */
export type ResolvedSearch = UnshapedSettings &
  Required<Pick<FindEventsSettings, 'frames' | 'segmentSeconds' | 'scenes' | 'precision'>> &
  Pick<FindEventsSettings, 'question' | 'text'>

/** Finds the events of files, and checks texts against files. Stores nothing in the library. */
export class FileEvents {
  readonly #parts: FileEventsParts
  readonly #journal: SegmentJournal
  /** Paths of the files whose finished segments are being stored. */
  readonly #searched = new Set<string>()

  constructor(parts: FileEventsParts) {
    this.#parts = parts
    this.#journal = new SegmentJournal(parts.home)
  }

  /** Whether a resumable search of this file is running. */
  isSearching(path: string): boolean {
    return this.#searched.has(path)
  }

  /** Finds the events of a file; returns them after yielding the progress, to be finished once they are stored. Other runs take their turn between its segments. */
  async *find(
    { path, file, resumable }: SearchedFile,
    settings: ResolvedSearch,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<FindEventsEvent, { kind: 'saved' }>, FoundEvents> {
    const { model, device } = settings
    const choice = { model, device, cache: this.#parts.settings().cache }
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

  /** Checks a text against a file; see {@link CheckTextEvent}. */
  async *check(
    { path, text, question }: CheckedText,
    asked: AskSettings,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<CheckTextEvent, void> {
    const { settings } = await this.settingsOf(asked)
    const { frames, maxPixels, system } = settings
    const turn = { kind: 'ask', text: question, system, clip: { path, frames, maxPixels, fit: true } } as const
    const conversation = `check ${path}`
    const timed = yield* this.score(
      conversation,
      settings,
      async () => ({ turn, text }),
      asker,
      signal,
      (engine) => engine.close(conversation),
    )
    yield { kind: 'checked', timed }
  }

  /** Scores a text in its turn. `after` is called before the next run begins. */
  async *score(
    conversation: string,
    settings: Pick<ResolvedSettings, 'model' | 'device'>,
    request: () => Promise<TimeRequest>,
    asker: Asker,
    signal: AbortSignal,
    after: (engine: EngineClient) => Promise<void> = async () => {},
  ): AsyncGenerator<ScoringProgress, TimedText> {
    const { engines, runs, settings: stored } = this.#parts
    const { model, device } = settings
    const work = async function* () {
      const time = await request()
      const engine = await engines.for({ model, device, cache: stored().cache }, conversation)
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

  /** Completes the settings of a search. */
  async resolve(requested: FindEventsSettings): Promise<ResolvedSearch> {
    const { question, text, segmentSeconds, precision, scenes = true, ...asked } = requested
    const { settings, manifest } = await this.settingsOf(asked)
    const stored = this.#parts.settings()
    const frames = asked.frames ?? sampledFrames(stored.frames ?? eventFrames(manifest.sampler.frames), stored, manifest)
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

  /** Completes the settings of a question, and returns them with the model's manifest. Events are found in the model's own text, without a shape. */
  async settingsOf(asked: AskSettings, before?: AskSettings): Promise<{ settings: UnshapedSettings; manifest: ModelManifest }> {
    const stored = this.#parts.settings()
    const manifest = await readManifest(await resolveModel(modelOf(asked, before, stored), this.#parts.home))
    const { shape: _, ...settings } = resolveSettings(asked, before, stored, manifest)
    return { settings, manifest }
  }

  /** Frames of which a request says only how many; see {@link sampledFrames}. None if it does not say it. */
  async framesOf(count: number | null | undefined, { model }: Pick<AskSettings, 'model'>): Promise<Pick<FindEventsSettings, 'frames'>> {
    if (count == null) return {}
    const stored = this.#parts.settings()
    const manifest = await readManifest(await resolveModel(model ?? stored.model, this.#parts.home))
    return { frames: sampledFrames(count, stored, manifest) }
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
