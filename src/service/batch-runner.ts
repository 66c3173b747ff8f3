import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import type { KeptBatch, KeptItem, NewBatch } from '../library/batches.ts'
import type { KeptClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import type { BatchItem, BatchJob } from '../shared/contract/batch.ts'
import type { ChatEvent } from '../shared/contract/chats.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { asTarsierError, isAbort } from '../shared/errors.ts'
import type { Answering } from './answering.ts'
import { BatchEvents } from './batch-events.ts'
import type { Log } from './log.ts'
import { modelOf } from './resolved-settings.ts'

/** The part of a clip's time that looking at it takes, as far as a bar is concerned. */
const LOOKING = 0.7

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
    }
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
      .catch((error: unknown) => {
        this.#log.error('batch', asTarsierError(error).message)
        this.#library.batches.setState(id, 'paused')
      })
      .finally(() => {
        this.#loops.delete(id)
        this.#tellJob(id)
        this.#onChange()
      })
    this.#loops.set(id, { stop, whole })
    this.#onChange()
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { batches } = this.#library
    // Whoever began it wants its answer first.
    await Promise.resolve()
    while (!signal.aborted) {
      const item = batches.next(id)
      if (!item) {
        batches.setState(id, 'done')
        return
      }
      await this.#answer(batches.get(id), item, signal)
    }
  }

  async #answer(batch: KeptBatch, item: KeptItem, signal: AbortSignal): Promise<void> {
    const { batches, chats, clips } = this.#library
    const began = Date.now()
    let chat: string | null = null
    try {
      const clip = clips.get(item.clip)
      const described = batch.skipDescribed ? await this.#described(batch, clip) : null
      if (described !== null) {
        batches.setItem(item.id, { state: 'skipped', chat: described })
        return
      }
      const { id } = chats.create(clip.key)
      chat = id
      batches.setItem(item.id, { state: 'running' })
      this.#tellItem(batch.id, item.id)
      this.#tellJob(batch.id)
      const question = {
        chat,
        position: 0,
        text: batch.question ?? undefined,
        settings: batch.settings,
        alsoKeep: () => batches.setItem(item.id, { state: 'running', chat: id }),
      }
      for await (const event of this.#answering.answer(question, { client: `batch ${batch.id}`, kind: 'batch' }, signal))
        this.#follow(batch.id, item.id, event)
      batches.setItem(item.id, { state: 'done', milliseconds: Date.now() - began })
    } catch (error) {
      if (isAbort(error)) {
        // Begun anew when the batch goes on; half an answer is not kept.
        batches.setItem(item.id, { state: 'waiting' })
        if (chat !== null) chats.remove(chat)
        return
      }
      const data = asTarsierError(error).toData()
      batches.setItem(item.id, { state: 'failed', error: data })
      // With a full disk every further clip would fail the same way.
      if (data.code === 'disk-full') throw error
    } finally {
      this.#progress.delete(item.id)
      this.#tellItem(batch.id, item.id)
      this.#tellJob(batch.id)
    }
  }

  async #described(batch: KeptBatch, clip: KeptClip): Promise<string | null> {
    const model = modelOf(batch.settings, undefined, this.#library.settings.get())
    const manifest = await readManifest(await resolveModel(model, this.#home))
    const question = batch.question ?? descriptionPrompt(manifest.prompt, clip.facts.kind)
    return this.#library.chats.described(clip.key, question, model)
  }

  #follow(batch: string, item: string, event: ChatEvent): void {
    const before = this.#progress.get(item) ?? 0
    let value = before
    if (event.kind === 'frame') value = (LOOKING * event.done) / event.of
    else if (event.kind === 'delta') value = Math.max(LOOKING, before) + (1 - Math.max(LOOKING, before)) / 50
    this.#progress.set(item, value)
    if (Math.floor(value * 100) !== Math.floor(before * 100)) this.#tellItem(batch, item)
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
