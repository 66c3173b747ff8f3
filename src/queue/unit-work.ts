import type { ClipFile } from '../bench/locate-videos.ts'
import type { ModelUnderTest } from '../bench/run/model-under-test.ts'
import { answeredPrediction } from '../bench/run/runner.ts'
import { closeModels } from '../bench/run/tarsier-workers.ts'
import type { EngineClient, EngineOptions, ModelInfo, TimeEvent, TurnRequest } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { MediaClient } from '../engine/host/media-client.ts'
import { clipEvents } from '../jobs/events/clip-events.ts'
import { SegmentJournal } from '../jobs/events/segment-journal.ts'
import { isProcessLost, TarsierError } from '../shared/errors.ts'
import { supportReport } from '../shared/support-report.ts'
import type { TimedText } from '../shared/timed-text.ts'
import type { JobRequest } from './job-request.ts'
import type { Unit } from './unit.ts'

/**
 * Does the units of one job, several at a time. What another engine must offer for samples is {@link ModelUnderTest}: `samplesWork` makes this of
 * it.
 */
export interface UnitWork extends AsyncDisposable {
  /** How many units can be done at the same time. */
  readonly slots: number
  /**
   * Does one unit and returns its result, which becomes a line of JSON. Throws the unit's failure.
   * @param slot from 0; each does one unit at a time
   * @param files the unit's clips on this machine
   */
  do(unit: Unit, slot: number, files: readonly ClipFile[], signal: AbortSignal): Promise<object>
}

/** Answers samples with models. The same model may occur several times. */
export function samplesWork(models: readonly [ModelUnderTest, ...ModelUnderTest[]]): UnitWork {
  return {
    slots: models.length,
    async do(unit, slot, files, signal) {
      if (unit.kind !== 'sample') throw unsuitable()
      return answeredPrediction(unit.sample, files.flat()[0] ?? null, await (models[slot] ?? models[0]).answer(unit.sample, files, signal))
    },
    [Symbol.asyncDispose]: () => closeModels(models),
  }
}

/** Finds events and checks texts, each with an engine process of its own. Throws as loading a model does. */
export async function textsWork(request: JobRequest, options: EngineOptions, slots: number, signal: AbortSignal): Promise<UnitWork> {
  const places: TextSlot[] = []
  const close = async () => {
    for (const place of places) await place[Symbol.asyncDispose]()
  }
  try {
    while (places.length < slots) places.push(await TextSlot.open(request, options, signal))
  } catch (error) {
    await close()
    throw error
  }
  return {
    slots,
    async do(unit, slot, files, signal) {
      const place = places[slot]
      const [path] = files
      if (!place || typeof path !== 'string') throw unsuitable()
      return await place.do(unit, path, signal)
    },
    [Symbol.asyncDispose]: close,
  }
}

class TextSlot implements AsyncDisposable {
  readonly #request: JobRequest
  readonly #options: EngineOptions
  readonly #media = new MediaClient()
  #engine: EngineClient
  #model: ModelInfo

  private constructor(request: JobRequest, options: EngineOptions, engine: EngineClient, model: ModelInfo) {
    this.#request = request
    this.#options = options
    this.#engine = engine
    this.#model = model
  }

  static async open(request: JobRequest, options: EngineOptions, signal: AbortSignal): Promise<TextSlot> {
    const engine = startEngineHost(options)
    try {
      return new TextSlot(request, options, engine, await engine.load(signal))
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  async do(unit: Unit, path: string, signal: AbortSignal): Promise<object> {
    try {
      switch (unit.kind) {
        case 'events':
          return await this.#events(unit.file, path, signal)
        case 'check':
          return await this.#check(unit, path, signal)
        case 'sample':
          throw unsuitable()
      }
    } catch (error) {
      // A process that crashed several times is not started again, and the next unit is not to blame for it.
      if (isProcessLost(error)) {
        await this.#engine[Symbol.asyncDispose]()
        this.#engine = startEngineHost(this.#options)
        this.#model = await this.#engine.load(signal)
      }
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
    await this.#engine[Symbol.asyncDispose]()
  }

  async #events(file: string, path: string, signal: AbortSignal): Promise<object> {
    const { events, frames, maxPixels, prompt, system, sampling } = this.#request
    if (!events) throw unsuitable()
    const { name, weights, textTasks, context } = this.#model
    const journal = new SegmentJournal(this.#options.home)
    const found = await clipEvents(
      file,
      path,
      { media: this.#media, engine: this.#engine, model: name, weights, textContext: textTasks ? context : null, journal },
      {
        clip: { frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }), fit: true },
        ...(prompt !== null && { prompt }),
        ...(system !== '' && { system }),
        sampling,
        segmentSeconds: events.segment,
        scenes: events.scenes,
        summary: events.summary,
        precision: events.precision,
        format: 'json',
      },
      () => {},
      signal,
    )
    // The segments are kept until here only. If the result cannot be stored, the worker that gets the clip describes it again.
    await found.finish()
    return found.events
  }

  async #check(unit: Extract<Unit, { kind: 'check' }>, path: string, signal: AbortSignal): Promise<object> {
    const { frames, maxPixels, prompt, system } = this.#request
    const clip = { path, frames: { kind: frames.sampler, count: frames.count }, ...(maxPixels !== null && { maxPixels }) }
    const turn: Omit<Extract<TurnRequest, { kind: 'ask' }>, 'sampling'> = {
      kind: 'ask',
      clip,
      system,
      ...(prompt !== null && { text: prompt }),
    }
    try {
      const timed = await lastOf(this.#engine.timeText(path, { turn, text: unit.text }, signal))
      return supportReport(unit.file, timed)
    } finally {
      await this.#engine.close(path).catch(() => {}) // of a crashed process, whose error is the unit's
    }
  }
}

async function lastOf(events: AsyncIterable<TimeEvent>): Promise<TimedText> {
  for await (const event of events) if (event.kind === 'timed') return event.timed
  throw new TarsierError('internal', 'The engine returned no support. Please report it.')
}

function unsuitable(): TarsierError {
  return new TarsierError('internal', 'The job contains a unit of another task. Please report it.')
}
