import { isDeepStrictEqual } from 'node:util'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { type Job, type JobEvent, runJob, type Sink } from '../jobs/driver.ts'
import type { NewBatch, StoredBatch, StoredItem } from '../library/batches.ts'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import type { AskSettings } from '../shared/contract/asking.ts'
import type { BatchItem, BatchJob } from '../shared/contract/batch.ts'
import type { ChatEvent } from '../shared/contract/chats.ts'
import { assertNever, asTarsierError, isAbort } from '../shared/errors.ts'
import { isRewriting } from '../shared/shaping/caption-shape.ts'
import { shapedAnswer } from '../shared/shaping/shaped-answer.ts'
import { BatchEvents } from './batch-events.ts'
import type { Log } from './log.ts'
import { modelOf, ownQuestion, type ResolvedSettings, resolveSettings } from './resolved-settings.ts'
import type { RunningAnswers } from './running-answers.ts'

/** Share of an item's progress bar for decoding and encoding frames; the rest is for generation. */
const LOOKING = 0.7

/** The conversation with an item's answer, and the time it took; `milliseconds` is null if the answer existed before. */
interface Answered {
  readonly chat: string
  readonly milliseconds: number | null
}

/** Runs batches, one clip at a time; interactive questions have priority. Results are saved at once, so a crash loses at most one answer. */
export class BatchRunner implements AsyncDisposable {
  readonly #home: string
  readonly #library: Library
  readonly #answers: RunningAnswers
  readonly #log: Log
  readonly #onChange: () => void
  /** `again`: the batch was resumed after its loop was stopped, but before that ended. */
  readonly #loops = new Map<string, { readonly stop: AbortController; readonly whole: Promise<void>; again: boolean }>()
  readonly #progress = new Map<string, number>()
  readonly #events = new BatchEvents()

  constructor(parts: { home: string; library: Library; answers: RunningAnswers; log: Log }, onChange: () => void) {
    this.#home = parts.home
    this.#library = parts.library
    this.#answers = parts.answers
    this.#log = parts.log
    this.#onChange = onChange
  }

  get running(): number {
    return this.#loops.size
  }

  create(batch: NewBatch, clipKeys: readonly number[]): BatchJob {
    const { id } = this.#library.batches.create(batch, clipKeys)
    this.#begin(id)
    return this.job(id)
  }

  add(id: string, clipKeys: readonly number[]): BatchJob {
    const { state } = this.#library.batches.add(id, clipKeys)
    this.#events.emit(id, { kind: 'items' })
    if (state !== 'paused') return this.resume(id)
    this.#tellJob(id)
    return this.job(id)
  }

  async pause(id: string): Promise<BatchJob> {
    if (this.#library.batches.get(id).state === 'running') this.#library.batches.setState(id, 'paused')
    await this.#halt(id)
    this.#tellJob(id)
    return this.job(id)
  }

  resume(id: string): BatchJob {
    if (this.#library.batches.next(id)) {
      this.#library.batches.setState(id, 'running')
      this.#begin(id)
    } else this.#endIfDone(id)
    this.#tellJob(id)
    return this.job(id)
  }

  retry(id: string, item: string | undefined): BatchJob {
    this.#library.batches.get(id)
    this.#library.batches.retry(id, item)
    this.#events.emit(id, { kind: 'items' })
    return this.resume(id)
  }

  async remove(id: string): Promise<void> {
    this.#library.batches.get(id)
    await this.#end(id)
    this.#library.batches.remove(id)
  }

  /** Resumes batches that were running at the last shutdown. */
  resumeAll(): void {
    for (const id of this.#library.batches.running()) this.#begin(id)
  }

  job(id: string): BatchJob {
    return jobOf(this.#library.batches.get(id))
  }

  itemOf(item: StoredItem): BatchItem {
    return { ...item, progress: item.state === 'running' ? (this.#progress.get(item.id) ?? 0) : item.state === 'waiting' ? 0 : 1 }
  }

  watch(id: string, signal: AbortSignal) {
    return this.#events.watch(id, { kind: 'job', job: this.job(id) }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#loops.keys()].map((id) => this.#end(id)))
  }

  /** Stops a batch, which may be resumed meanwhile: what was begun again by then continues. */
  async #halt(id: string): Promise<void> {
    const loop = this.#loops.get(id)
    loop?.stop.abort()
    await loop?.whole
  }

  /** Stops a batch for good. */
  async #end(id: string): Promise<void> {
    while (this.#loops.has(id)) await this.#halt(id)
  }

  #begin(id: string): void {
    const present = this.#loops.get(id)
    if (present) {
      present.again = present.stop.signal.aborted
      return
    }
    const stop = new AbortController()
    const whole = this.#run(id, stop.signal)
      .then(
        () => true,
        (error: unknown) => this.#interrupted(id, error),
      )
      .then((ended) => {
        const again = this.#loops.get(id)?.again ?? false
        this.#loops.delete(id)
        // Clips may have been added while the last one was finishing.
        if ((again || (ended && !stop.signal.aborted)) && this.#library.batches.get(id).state === 'running') this.#begin(id)
        this.#tellJob(id)
        this.#onChange()
      })
    this.#loops.set(id, { stop, whole, again: false })
    this.#onChange()
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    // Let the caller of `create` or `resume` return first.
    await Promise.resolve()
    const job: Job<StoredItem, Answered, ChatEvent> = {
      source: this.#waiting(id),
      workers: [(item, report, stop) => this.#answer(id, item, report, stop)],
      earlier: (item) => this.#earlier(id, item),
      sinks: [this.#librarySink()],
    }
    await runJob(job, (event) => this.#follow(id, event), signal)
    this.#endIfDone(id)
  }

  /** Yields the first waiting item, again and again: items may be added or retried while the batch runs. */
  *#waiting(id: string): Generator<StoredItem, void> {
    for (let item = this.#library.batches.next(id); item; item = this.#library.batches.next(id)) yield item
  }

  /** Marks a batch without waiting items as done, even if it was paused while its last clip finished. */
  #endIfDone(id: string): void {
    if (!this.#library.batches.next(id)) this.#library.batches.setState(id, 'done')
  }

  /** Handles the end of an interrupted batch: a pause, a shutdown, or an error that would affect every further clip. */
  #interrupted(id: string, error: unknown): false {
    if (isAbort(error)) return false
    this.#log.error('batch', asTarsierError(error).message)
    try {
      this.#library.batches.setState(id, 'paused')
    } catch (failure) {
      // For example, a full disk. The batch stays `running` in the library and resumes at the next start.
      this.#log.error('batch', asTarsierError(failure).message)
    }
    return false
  }

  async #answer(batch: string, item: StoredItem, report: (event: ChatEvent) => void, signal: AbortSignal): Promise<Answered> {
    const { batches, chats, clips } = this.#library
    const began = Date.now()
    const { question, settings } = batches.get(batch)
    const { id: chat } = chats.create(clips.get(item.clip).key)
    const alsoKeep = () => batches.setItem(item.id, { state: 'running', chat })
    const request = { chat, position: 0, text: question ?? undefined, settings, alsoKeep }
    try {
      for await (const event of this.#answers.ofBatch(request, { client: `batch ${batch}`, kind: 'batch' }, signal)) report(event)
      return { chat, milliseconds: Date.now() - began }
    } catch (error) {
      if (!isAbort(error)) {
        // Nothing was asked, for example because the model is missing: no empty conversation stays behind.
        if (chats.turns(chat).length === 0) chats.remove(chat)
        throw error
      }
      // Paused after the answer was complete.
      if (chats.turns(chat)[0]?.state === 'done') return { chat, milliseconds: Date.now() - began }
      // Partial answers are discarded: the clip is described again when the batch resumes.
      chats.remove(chat)
      throw error
    }
  }

  /** Returns an existing description of the clip if the batch skips described clips; otherwise null. */
  async #earlier(id: string, item: StoredItem): Promise<Answered | null> {
    const batch = this.#library.batches.get(id)
    const chat = batch.skipDescribed ? await this.#described(batch, this.#library.clips.get(item.clip)) : null
    return chat === null ? null : { chat, milliseconds: null }
  }

  /** Saves each item's state in the library. */
  #librarySink(): Sink<StoredItem, Answered> {
    const { batches } = this.#library
    return {
      onFailure: 'stops-job',
      write(outcome) {
        const { id } = outcome.clip
        if (outcome.kind === 'failed') batches.setItem(id, { state: 'failed', error: outcome.error.toData() })
        else {
          const { chat, milliseconds } = outcome.result
          batches.setItem(id, { state: outcome.kind, chat, ...(milliseconds !== null && { milliseconds }) })
        }
      },
      // Save the error that stopped the batch with the item where it occurred.
      stopped: ({ clip: { id }, error }) =>
        error ? batches.setItem(id, { state: 'failed', error: error.toData() }) : batches.setItem(id, { state: 'waiting' }),
    }
  }

  async #described(batch: StoredBatch, clip: StoredClip): Promise<string | null> {
    const stored = this.#library.settings.get()
    const manifest = await readManifest(await resolveModel(modelOf(batch.settings, undefined, stored), this.#home))
    const wanted = resolveSettings(batch.settings, undefined, stored, manifest)
    const question = batch.question ?? ownQuestion(wanted, manifest, clip.facts.kind)
    const { chats } = this.#library
    const described = (fits: (settings: AskSettings) => boolean) => chats.described(clip.key, question, wanted.model, fits)
    const same = described((settings) => sameInput(settings, wanted) && isDeepStrictEqual(settings.shape ?? null, wanted.shape))
    // A rewritten caption is held against the clip, so that its clip is described again.
    if (same !== null || isRewriting(wanted.shape)) return same
    return this.#reshaped(
      described((settings) => sameInput(settings, wanted)),
      clip,
      wanted,
    )
  }

  /** Keeps an answer with its text in another shape as a conversation of its own, which needs no model. Returns its id. */
  #reshaped(chat: string | null, clip: StoredClip, settings: ResolvedSettings): string | null {
    const { chats } = this.#library
    const found = chat === null ? null : chats.turn(chat, 0)
    if (!found?.answer) return null
    const { question, model, text, answer } = found
    const { id } = chats.create(clip.key)
    chats.begin(id, 0, { question, settings, model })
    const { text: whole, ...shaped } = shapedAnswer({ text, ...answer }, settings.shape)
    chats.end(id, 0, { state: 'done', text: whole, answer: shaped })
    return id
  }

  /** Reports job events to watchers, after they are saved in the library. */
  #follow(batch: string, event: JobEvent<StoredItem, Answered, ChatEvent>): void {
    const { id } = event.clip
    switch (event.kind) {
      case 'started':
        this.#library.batches.setItem(id, { state: 'running' })
        break
      case 'progress':
        if (!this.#progressed(id, event.progress)) return
        this.#tellItem(batch, id)
        return
      case 'done':
      case 'failed':
      case 'skipped':
      case 'stopped':
        this.#progress.delete(id)
        break
      default:
        assertNever(event, 'event')
    }
    this.#tellItem(batch, id)
    this.#tellJob(batch)
  }

  /** Updates an item's progress. Returns whether the whole percentage changed. */
  #progressed(item: string, event: ChatEvent): boolean {
    const before = this.#progress.get(item) ?? 0
    let value = before
    if (event.kind === 'frame') value = (LOOKING * event.done) / event.of
    else if (event.kind === 'delta') value = Math.max(LOOKING, before) + (1 - Math.max(LOOKING, before)) / 50
    this.#progress.set(item, value)
    return Math.floor(value * 100) !== Math.floor(before * 100)
  }

  #tellItem(batch: string, item: string): void {
    this.#events.emit(batch, { kind: 'item', item: this.itemOf(this.#library.batches.item(item)) })
  }

  #tellJob(batch: string): void {
    this.#events.emit(batch, { kind: 'job', job: this.job(batch) })
  }
}

/** Whether two answers to a question are about the same frames, with the same system prompt. */
function sameInput(one: AskSettings, other: AskSettings): boolean {
  const input = ({ frames, maxPixels, system = '' }: AskSettings) => ({ frames, maxPixels, system })
  return isDeepStrictEqual(input(one), input(other))
}

export function jobOf({ skipDescribed: _, meanMilliseconds, ...job }: StoredBatch): BatchJob {
  const left = job.counts.waiting + job.counts.running
  return { ...job, secondsLeft: meanMilliseconds === null ? null : (left * meanMilliseconds) / 1000 }
}
