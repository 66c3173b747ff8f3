import { createHash } from 'node:crypto'
import type { Decoded, Fitted, FrameUsed } from '../../shared/engine-events.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { ClipRequest } from '../engine-client.ts'
import { fittedNotice } from '../estimate/decide-run.ts'
import type { RunRequest } from '../estimate/estimate-run.ts'
import type { ClipSettings } from '../estimate/fit-settings.ts'
import { towerForm } from '../families/families.ts'
import { fileStamp } from '../media/local-file.ts'
import { openClip } from '../media/open-clip.ts'
import type { Clip, MediaInfo, SamplingPlan } from '../media/types.ts'
import { frameShape, unkeptLimit } from '../vision/tower-form.ts'
import type { FrameShape, Tower } from '../vision/types.ts'
import type { DiskCache } from './disk-cache.ts'
import { type FrameRows, readEmbeddings, type StoredRows, writeEmbeddings } from './embedding-file.ts'
import type { Stopwatch } from './stopwatch.ts'

/** Part of what cached embeddings are named by; goes up when a file's frames come out of the decoder otherwise than before. */
const CACHE_VERSION = 2

/** What a clip needs of the loaded model; the tower is asked for only when there is something to encode. */
export interface ClipResources {
  readonly manifest: ModelManifest
  readonly cache: DiskCache | null
  tower(): Promise<Tower>
  /** The {@link Tower.resultsKey} of that tower, which is opened only where nothing else tells. */
  towerResultsKey(): Promise<string>
}

/** How one pass over a clip's frames went. */
export interface EmbedReport {
  readonly decode: Stopwatch
  readonly encode: Stopwatch
  onCached(): void
  /** Told of what went through the decoder once all frames did. */
  onDecoded(decoded: Decoded): void
}

/**
 * A clip with its frames chosen: how many rows it will take is known before anything is decoded.
 * Its embeddings come from the disk cache when they are there, else from the file through the tower.
 */
export class PreparedClip {
  readonly request: ClipRequest
  readonly info: MediaInfo
  #plan: SamplingPlan
  #shape: FrameShape
  /** Limit on the pixels of a frame; lower than the request's where that did not fit. */
  #maxPixels: number | undefined
  #fitted: Fitted | undefined
  readonly #resources: ClipResources
  #clip: Clip | null
  /** Tells whether the file is still the one that was opened. */
  readonly #stamp: string
  #delivered: readonly FrameUsed[] | null = null
  /** Embeddings that were computed and are not on disk yet. */
  #unkept: StoredRows | null = null
  #hash: string | null = null
  #decodingNotices: readonly string[] = []

  private constructor(clip: Clip, stamp: string, plan: SamplingPlan, request: ClipRequest, resources: ClipResources) {
    this.#clip = clip
    this.#stamp = stamp
    this.request = request
    this.#resources = resources
    this.info = clip.info
    this.#plan = plan
    this.#maxPixels = request.maxPixels
    this.#shape = this.#shapeOf(plan)
  }

  static async open(request: ClipRequest, resources: ClipResources, signal: AbortSignal): Promise<PreparedClip> {
    const clip = await openClip(request.path, signal)
    try {
      return new PreparedClip(
        clip,
        await fileStamp(request.path),
        clip.plan(request.frames, resources.manifest.sampler),
        request,
        resources,
      )
    } catch (error) {
      await clip.close()
      throw error
    }
  }

  get plan(): SamplingPlan {
    return this.#plan
  }

  /** Size of every frame as the tower sees it, and what becomes of it in the context. */
  get shape(): FrameShape {
    return this.#shape
  }

  get settings(): ClipSettings {
    return { frames: this.#plan.indices.length, maxPixels: this.#maxPixels, minPixels: this.request.minPixels }
  }

  /** Its part of a run's estimate. */
  get runPart(): Pick<RunRequest, 'frame' | 'settings' | 'fewerFrames'> {
    return { frame: this.info, settings: this.settings, fewerFrames: 'count' in this.request.frames }
  }

  /** What {@link fit} changed; undefined when the clip is looked at as was asked. */
  get fitted(): Fitted | undefined {
    return this.#fitted
  }

  /** What was found when its frames were decoded, now or for what is cached of it, such as damage. Empty before they were looked at. */
  get decodingNotices(): readonly string[] {
    return this.#decodingNotices
  }

  /** Takes over what was found when its frames were decoded for a state that was kept. */
  recall(decodingNotices: readonly string[]): void {
    this.#decodingNotices = decodingNotices
  }

  /** What should be read with an answer about it: sentences about the file, its frames, and settings that are not as asked for. */
  get notices(): readonly string[] {
    return [
      ...this.info.notices,
      ...this.plan.notices,
      ...(this.#fitted ? [fittedNotice(this.#fitted)] : []),
      ...unkeptLimit(this.#shape, this.#maxPixels),
      ...this.#decodingNotices,
    ]
  }

  /** Takes other frames or fewer pixels than were asked for, before anything was looked at; the same settings change nothing. */
  fit(settings: ClipSettings): void {
    const from = this.settings
    if (settings.frames === from.frames && settings.maxPixels === from.maxPixels) return
    const { frames: request } = this.request
    const clip = this.#clip
    if (clip && settings.frames !== from.frames && 'count' in request)
      this.#plan = clip.plan({ ...request, count: settings.frames }, this.#resources.manifest.sampler)
    this.#maxPixels = settings.maxPixels
    this.#shape = this.#shapeOf(this.#plan)
    this.#fitted = fittedFrom(from, this.settings)
  }

  #shapeOf(plan: SamplingPlan): FrameShape {
    const limits = { frameCount: plan.indices.length, maxPixels: this.#maxPixels, minPixels: this.request.minPixels }
    return frameShape(towerForm(this.#resources.manifest), this.info, limits)
  }

  /** Frames the model gets: the plan's, less those found to be undecodable once they were read. */
  get frames(): readonly FrameUsed[] {
    return this.#delivered ?? this.plan.indices.map((index, i) => ({ index, time: this.plan.times[i] ?? 0 }))
  }

  /** Rows the whole clip takes in the context. */
  get cells(): number {
    return this.frames.length * this.shape.rows
  }

  /** Embeddings frame by frame, in plan order. Those that were computed are kept on disk by {@link keep}. */
  async *embed(report: EmbedReport, signal: AbortSignal): AsyncGenerator<FrameRows, void> {
    const { cache } = this.#resources
    const cached = cache && (await this.#readCached(cache, signal))
    if (cached) {
      report.onCached()
      this.#decodingNotices = cached.notices
      this.#delivered = cached.frames
      yield* cached.frames
    } else yield* this.#encode(report, signal)
    // What is to be kept needs the file's hash first.
    if (this.#unkept === null) await this.close()
  }

  /** Writes embeddings to the disk cache that are not there yet, and closes the file. Can be called again after an abort. */
  async keep(signal: AbortSignal): Promise<void> {
    const { cache } = this.#resources
    if (cache === null || this.#unkept === null) return
    const rows = this.#unkept
    const name = await this.cacheName('rows', signal)
    if (name !== null) await cache.store(name, (path) => writeEmbeddings(path, rows, signal))
    this.#unkept = null
    await this.close()
  }

  /**
   * Name under which things derived from this clip are cached: the file's size first, so that a clip nothing is
   * kept of need not be hashed before it is looked at, then everything that decides the embeddings.
   * Null when the file was changed meanwhile.
   */
  async cacheName(ending: string, signal: AbortSignal, further: readonly unknown[] = []): Promise<string | null> {
    this.#hash ??= await this.#withClip(signal, (clip) => clip.contentHash(signal))
    if (!(await this.isUnchanged())) return null
    const { manifest } = this.#resources
    const facts = [
      CACHE_VERSION,
      this.#hash,
      this.plan.indices,
      this.shape.width,
      this.shape.height,
      manifest.vision.sha256,
      manifest.preprocessing,
      await this.#resources.towerResultsKey(),
      ...further,
    ]
    return `${this.cachePrefix}${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}.${ending}`
  }

  get cachePrefix(): string {
    return `${this.info.bytes.toString(36)}-`
  }

  /** Whether its file is still the one that was opened. */
  async isUnchanged(): Promise<boolean> {
    return (await fileStamp(this.request.path)) === this.#stamp
  }

  /** Closes the file; it is opened again should the embeddings be wanted once more. */
  async close(): Promise<void> {
    const clip = this.#clip
    this.#clip = null
    await clip?.close()
  }

  async #withClip<T>(signal: AbortSignal, work: (clip: Clip) => Promise<T>): Promise<T> {
    const clip = this.#clip ?? (await openClip(this.request.path, signal))
    this.#clip = clip
    return work(clip)
  }

  async #readCached(cache: DiskCache, signal: AbortSignal): Promise<StoredRows | null> {
    if (!(await cache.hasPrefix(this.cachePrefix))) return null
    const name = await this.cacheName('rows', signal)
    const path = name === null ? null : await cache.find(name)
    const stored = path === null ? null : await readEmbeddings(path)
    if (stored === null) return null
    return stored.width === this.#resources.manifest.vision.width && stored.rowsPerFrame === this.shape.rows ? stored : null
  }

  async *#encode(report: EmbedReport, signal: AbortSignal): AsyncGenerator<FrameRows, void> {
    const { cache, manifest } = this.#resources
    const tower = await this.#resources.tower()
    const clip = await this.#withClip(signal, async (opened) => opened)
    const notices: string[] = []
    this.#decodingNotices = notices
    const frames = report.decode.watch(clip.frames(this.plan, signal, (text) => notices.push(text)))
    const options = {
      frameCount: this.plan.indices.length,
      maxPixels: this.#maxPixels,
      minPixels: this.request.minPixels,
      signal,
      onWorked: (time: number) => report.encode.add(time),
    }
    const delivered: FrameUsed[] = []
    const made: FrameRows[] = []
    for await (const { index, time, rows } of tower.embed(frames, options)) {
      delivered.push({ index, time })
      if (cache) made.push({ index, time, rows })
      yield { index, time, rows }
    }
    this.#delivered = delivered
    report.onDecoded({ codec: this.info.codec, pixels: this.plan.pixels })
    if (cache) this.#unkept = { width: manifest.vision.width, rowsPerFrame: this.shape.rows, frames: made, notices }
  }
}

/** Limits that the model sets by itself are null. */
export function fittedFrom(from: ClipSettings, to: ClipSettings): Fitted {
  return {
    frames: to.frames,
    maxPixels: to.maxPixels ?? null,
    from: { frames: from.frames, maxPixels: from.maxPixels ?? null },
  }
}
