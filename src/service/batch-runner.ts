import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { type Job, type JobEvent, runJob, type Sink } from '../jobs/driver.ts'
import type { KeptBatch, KeptItem, NewBatch } from '../library/batches.ts'
import type { KeptClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import type { BatchItem, BatchJob } from '../shared/contract/batch.ts'
import type { ChatEvent } from '../shared/contract/chats.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { assertNever, asTarsierError, isAbort } from '../shared/errors.ts'
import type { Answering } from './answering.ts'
import { BatchEvents } from './batch-events.ts'
import type { Log } from './log.ts'
import { modelOf } from './resolved-settings.ts'

/** The part of a clip's time that looking at it takes, as far as a bar is concerned. */
const LOOKING = 0.7

/** The conversation that holds an item's answer, and how long it took; null where it was there before. */
interface Answered {
  readonly chat: string
  readonly milliseconds: number | null
}

/** Goes through batches, one clip at a time, people's own questions first. What is done is kept at once; an end of the program loses at most one answer. */
export class BatchRunner implements AsyncDisposable {
  readonly #home: string
  readonly #library: Library
  readonly #answering: Answering
  readonly #log: Log
  readonly #onChange: () => void
  readonly #loops = new Map<string, { readonly stop: AbortController; readonly whole: Promise<void> }>()
  readonly #progress = new Map<string, number>()
  readonly #events = new BatchEvents()

  constructor(parts: { home: string; library: Library; answering: Answering; log: Log }, onChange: () => void) {
    this.#home = parts.home
    this.#library = parts.library
    this.#answering = parts.answering
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
    await this.#halt(id)
    this.#library.batches.remove(id)
  }

  /** After a restart: what was running goes on. */
  resumeAll(): void {
    for (const id of this.#library.batches.running()) this.#begin(id)
  }

  job(id: string): BatchJob {
    return jobOf(this.#library.batches.get(id))
  }

  itemOf(item: KeptItem): BatchItem {
    return { ...item, progress: item.state === 'running' ? (this.#progress.get(item.id) ?? 0) : item.state === 'waiting' ? 0 : 1 }
  }

  watch(id: string, signal: AbortSignal) {
    return this.#events.watch(id, { kind: 'job', job: this.job(id) }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#loops.keys()].map((id) => this.#halt(id)))
  }

  async #halt(id: string): Promise<void> {
    const loop = this.#loops.get(id)
    loop?.stop.abort()
    await loop?.whole
  }

  #begin(id: string): void {
    if (this.#loops.has(id)) return
    const stop = new AbortController()
    const whole = this.#run(id, stop.signal)
      .then(
        () => true,
        (error: unknown) => this.#interrupted(id, error),
      )
      .then((ended) => {
        this.#loops.delete(id)
        // Clips that were added as the last one ended.
        if (ended && !stop.signal.aborted && this.#library.batches.get(id).state === 'running') this.#begin(id)
        this.#tellJob(id)
        this.#onChange()
      })
    this.#loops.set(id, { stop, whole })
    this.#onChange()
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    // Whoever began it wants its answer first.
    await Promise.resolve()
    const job: Job<KeptItem, Answered, ChatEvent> = {
      source: this.#waiting(id),
      workers: [(item, report, stop) => this.#answer(id, item, report, stop)],
      earlier: (item) => this.#earlier(id, item),
      sinks: [this.#librarySink()],
    }
    await runJob(job, (event) => this.#follow(id, event), signal)
    this.#endIfDone(id)
  }

  /** Items that wait, the first of them each time: some may be added or retried while the batch runs. */
  *#waiting(id: string): Generator<KeptItem, void> {
    for (let item = this.#library.batches.next(id); item; item = this.#library.batches.next(id)) yield item
  }

  /** A batch that was paused as its last clip ended is done. */
  #endIfDone(id: string): void {
    if (!this.#library.batches.next(id)) this.#library.batches.setState(id, 'done')
  }

  /** The batch stops: a person paused it, the program ends, or something is wrong that every further clip would meet. */
  #interrupted(id: string, error: unknown): false {
    if (isAbort(error)) return false
    this.#log.error('batch', asTarsierError(error).message)
    try {
      this.#library.batches.setState(id, 'paused')
    } catch (failure) {
      // Such as a full disk. It stays running in the library, and goes on with the next start.
      this.#log.error('batch', asTarsierError(failure).message)
    }
    return false
  }

  async #answer(batch: string, item: KeptItem, report: (event: ChatEvent) => void, signal: AbortSignal): Promise<Answered> {
    const { batches, chats, clips } = this.#library
    const began = Date.now()
    const { question, settings } = batches.get(batch)
    const { id: chat } = chats.create(clips.get(item.clip).key)
    const alsoKeep = () => batches.setItem(item.id, { state: 'running', chat })
    const asked = { chat, position: 0, text: question ?? undefined, settings, alsoKeep }
    try {
      for await (const event of this.#answering.answer(asked, { client: `batch ${batch}`, kind: 'batch' }, signal)) report(event)
      return { chat, milliseconds: Date.now() - began }
    } catch (error) {
      if (!isAbort(error)) throw error
      // Paused when it was complete already.
      if (chats.turns(chat)[0]?.state === 'done') return { chat, milliseconds: Date.now() - began }
      // Half an answer is not kept: the clip is described anew when the batch goes on.
      chats.remove(chat)
      throw error
    }
  }

  /** Where the clip was described before, if such clips are left out. */
  async #earlier(id: string, item: KeptItem): Promise<Answered | null> {
    const batch = this.#library.batches.get(id)
    const chat = batch.skipDescribed ? await this.#described(batch, this.#library.clips.get(item.clip)) : null
    return chat === null ? null : { chat, milliseconds: null }
  }

  /** Keeps each item's state in the library. */
  #librarySink(): Sink<KeptItem, Answered> {
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
      // What stopped the batch is shown with the clip that met it.
      stopped: ({ clip: { id }, error }) =>
        error ? batches.setItem(id, { state: 'failed', error: error.toData() }) : batches.setItem(id, { state: 'waiting' }),
    }
  }

  async #described(batch: KeptBatch, clip: KeptClip): Promise<string | null> {
    const model = modelOf(batch.settings, undefined, this.#library.settings.get())
    const manifest = await readManifest(await resolveModel(model, this.#home))
    const question = batch.question ?? descriptionPrompt(manifest.prompt, clip.facts.kind)
    return this.#library.chats.described(clip.key, question, model)
  }

  /** Says what happened in a batch, once it is in the library. */
  #follow(batch: string, event: JobEvent<KeptItem, Answered, ChatEvent>): void {
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

  /** Notes how far an item is. Gives whether that is another whole per cent. */
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

export function jobOf({ skipDescribed: _, meanMilliseconds, ...job }: KeptBatch): BatchJob {
  const left = job.counts.waiting + job.counts.running
  return { ...job, secondsLeft: meanMilliseconds === null ? null : (left * meanMilliseconds) / 1000 }
}
