import type { Decoded, Fitted, FrameUsed } from '../../shared/engine-events.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { ClipRequest } from '../engine-client.ts'
import { fittedNotice } from '../estimate/decide-run.ts'
import type { RunRequest } from '../estimate/estimate-run.ts'
import type { ClipSettings } from '../estimate/fit-settings.ts'
import { towerForm } from '../families/families.ts'
import { leadTokens, type SliceLeads, type SlicePace } from '../language/clip-positions.ts'
import type { Language } from '../language/types.ts'
import { fileStamp } from '../media/local-file.ts'
import { openClip } from '../media/open-clip.ts'
import type { Clip, MediaInfo, SamplingPlan } from '../media/types.ts'
import { frameShape, ignoredPixelLimit, slicesOf, type TowerForm } from '../vision/tower-form.ts'
import type { FrameShape, Tower } from '../vision/types.ts'
import { cachedPrefix, nameKey, sizePrefix } from './cached-names.ts'
import type { DiskCache } from './disk-cache.ts'
import { readEmbeddings, type SliceRows, type StoredRows, writeEmbeddings } from './embedding-file.ts'
import { SliceTimes } from './slice-times.ts'
import type { Stopwatch } from './stopwatch.ts'

/** The parts of a loaded model that a clip needs. The tower is opened only when frames have to be encoded. */
export interface ClipResources {
  readonly manifest: ModelManifest
  readonly language: Pick<Language, 'tokenize' | 'controls'>
  readonly cache: DiskCache | null
  tower(): Promise<Tower>
  /** The {@link Tower.resultsKey} of that tower, which is opened only where nothing else tells. */
  towerResultsKey(): Promise<string>
}

/** Size of a clip's frames for the tower, the rows of each of its slices, and their positions in time. */
export type ClipShape = FrameShape & { readonly pace: SlicePace | undefined }

/** Statistics of one pass over a clip's frames. */
export interface EmbedReport {
  readonly decode: Stopwatch
  readonly encode: Stopwatch
  onCached(): void
  /** Called after all frames with what was decoded. */
  onDecoded(decoded: Decoded): void
}

/**
 * A clip with chosen frames: its number of rows is known before anything is decoded.
 * Its embeddings come from the disk cache, or else from decoding and the tower.
 */
export class PreparedClip {
  readonly request: ClipRequest
  readonly info: MediaInfo
  #plan: SamplingPlan
  #shape: ClipShape
  #times: SliceTimes | null
  #leads: SliceLeads
  /** Limit on the pixels of a frame; lower than requested if that did not fit. */
  #maxPixels: number | undefined
  #fitted: Fitted | undefined
  readonly #resources: ClipResources
  readonly #form: TowerForm
  #clip: Clip | null
  /** Detects whether the file has changed since it was opened. */
  readonly #stamp: string
  #delivered: readonly (readonly FrameUsed[])[] | null = null
  /** Computed embeddings that are not on disk yet. */
  #unsaved: StoredRows | null = null
  #hash: string | null = null
  #decodingNotices: readonly string[] = []

  private constructor(clip: Clip, stamp: string, plan: SamplingPlan, request: ClipRequest, resources: ClipResources) {
    this.#clip = clip
    this.#stamp = stamp
    this.request = request
    this.#resources = resources
    this.#form = towerForm(resources.manifest)
    this.info = clip.info
    this.#plan = plan
    this.#maxPixels = request.maxPixels
    this.#shape = this.#shapeOf(plan)
    this.#times = SliceTimes.of(this.#form, resources.language, clip.info, plan.indices.length)
    this.#leads = this.#leadsOf()
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

  /** Size of each frame for the tower, and the rows of each slice in the context. */
  get shape(): ClipShape {
    return this.#shape
  }

  get settings(): ClipSettings {
    return { frames: this.#plan.indices.length, maxPixels: this.#maxPixels, minPixels: this.request.minPixels }
  }

  /** Estimate of this clip within a run. */
  get runPart(): Pick<RunRequest, 'frame' | 'settings' | 'fewerFrames'> {
    return { frame: this.info, settings: this.settings, fewerFrames: 'count' in this.request.frames }
  }

  /** Settings changed by {@link fit}; undefined if the request is used unchanged. */
  get fitted(): Fitted | undefined {
    return this.#fitted
  }

  /** Notices from decoding, now or when the cached files were made, such as damage. Empty before decoding. */
  get decodingNotices(): readonly string[] {
    return this.#decodingNotices
  }

  /** Restores the notices from decoding of a cached state. */
  recall(decodingNotices: readonly string[]): void {
    this.#decodingNotices = decodingNotices
  }

  /** Notices for an answer: about the file, its frames, and changed settings. */
  get notices(): readonly string[] {
    return [
      ...this.info.notices,
      ...this.plan.notices,
      ...(this.#fitted ? [fittedNotice(this.#fitted)] : []),
      ...ignoredPixelLimit(this.#shape, this.#maxPixels),
      ...this.#decodingNotices,
    ]
  }

  /** Changes frames or pixels before anything was decoded; equal settings change nothing. */
  fit(settings: ClipSettings): void {
    const from = this.settings
    if (settings.frames === from.frames && settings.maxPixels === from.maxPixels) return
    const { frames: request } = this.request
    const clip = this.#clip
    if (clip && settings.frames !== from.frames && 'count' in request)
      this.#plan = clip.plan({ ...request, count: settings.frames }, this.#resources.manifest.sampler)
    this.#maxPixels = settings.maxPixels
    this.#shape = this.#shapeOf(this.#plan)
    this.#times = SliceTimes.of(this.#form, this.#resources.language, this.info, this.#plan.indices.length)
    this.#leads = this.#leadsOf()
    this.#fitted = fittedFrom(from, this.settings)
  }

  #shapeOf(plan: SamplingPlan): ClipShape {
    const limits = { frameCount: plan.indices.length, maxPixels: this.#maxPixels, minPixels: this.request.minPixels }
    return { ...frameShape(this.#form, this.info, limits), pace: paceOf(this.#form, plan) }
  }

  /** Frames that the model receives: those of the plan without undecodable ones, once they were read. */
  get frames(): readonly FrameUsed[] {
    return this.#delivered?.flat() ?? this.#planned
  }

  /** The last frame of each slice: with it, the model has seen all of the slice. */
  get lastOfSlices(): readonly FrameUsed[] {
    if (this.#delivered) return this.#delivered.flatMap((frames) => frames.slice(-1))
    const { framesPerSlice } = this.#form
    return this.#planned.filter((_, i, { length }) => (i + 1) % framesPerSlice === 0 || i + 1 === length)
  }

  /** Frames of each slice, unless the clip ends within it. */
  get framesPerSlice(): number {
    return this.#form.framesPerSlice
  }

  get #planned(): readonly FrameUsed[] {
    return this.plan.indices.map((index, i) => ({ index, time: this.plan.times[i] ?? 0 }))
  }

  /** Text that belongs directly before the clip. */
  get leadIn(): string {
    return this.#times?.text(this.#planned.slice(0, this.framesPerSlice)) ?? ''
  }

  /** Number of text tokens before each slice; none before the first, whose text is {@link leadIn}. */
  get leads(): SliceLeads {
    return this.#leads
  }

  /** The most tokens before a slice, also of one that follows the clip. */
  get mostLead(): number {
    return this.#times?.lead(this.#planned.slice(-1)).length ?? 0
  }

  /**
   * Tokens before a slice of these frames, with its number in the clip; null if the clip's slices have no text between them. Those before the first slice
   * are in the prompt.
   */
  leadOf(slice: number, frames: readonly FrameUsed[]): readonly number[] | null {
    if (this.#times === null) return null
    return slice === 0 ? [] : this.#times.lead(frames)
  }

  #leadsOf(): SliceLeads {
    const times = this.#times
    if (times === null) return null
    const { framesPerSlice } = this.#form
    const planned = this.#planned
    const slices =
      this.#delivered ??
      Array.from({ length: slicesOf(this.#form, planned.length) }, (_, i) => planned.slice(i * framesPerSlice, (i + 1) * framesPerSlice))
    return slices.map((frames, i) => (i === 0 ? 0 : times.lead(frames).length))
  }

  /** Number of slices, each with {@link shape}'s rows. */
  get slices(): number {
    return this.#delivered?.length ?? slicesOf(this.#form, this.plan.indices.length)
  }

  /** Rows of the whole clip. */
  get rows(): number {
    return this.slices * this.shape.rows
  }

  /** Rows of the whole clip in the context, and tokens between them. */
  get cells(): number {
    return this.rows + leadTokens(this.#leads)
  }

  /** Embeddings per slice, in plan order. {@link keep} writes computed ones to disk. */
  async *embed(report: EmbedReport, signal: AbortSignal): AsyncGenerator<SliceRows, void> {
    const { cache } = this.#resources
    const cached = cache && (await this.#readCached(cache, signal))
    if (cached) {
      report.onCached()
      this.#decodingNotices = cached.notices
      this.#deliver(cached.slices.map(({ frames }) => frames))
      yield* cached.slices
    } else yield* this.#encode(report, signal)
    // Caching needs the hash of the file.
    if (this.#unsaved === null) await this.close()
  }

  #deliver(slices: readonly (readonly FrameUsed[])[]): void {
    this.#delivered = slices
    this.#leads = this.#leadsOf()
  }

  /**
   * Writes new embeddings to the disk cache and closes the file. Can be called again after an abort. If the cache cannot be written, only time is lost: it is
   * tried once.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { cache } = this.#resources
    const rows = this.#unsaved
    if (cache === null || rows === null) return
    try {
      const name = await this.cacheName('rows', signal)
      if (name !== null) await cache.store(name, (path) => writeEmbeddings(path, rows, signal))
    } catch {
      signal.throwIfAborted()
    }
    this.#unsaved = null
    await this.close()
  }

  /**
   * Cache key of data derived from this clip: everything that determines the embeddings, of which {@link cachedPrefix} is the part that is known
   * without a model in memory, and what the caller adds. Null if the file has changed.
   */
  async cacheName(ending: string, signal: AbortSignal, further: readonly unknown[] = []): Promise<string | null> {
    this.#hash ??= await this.#withClip(signal, (clip) => clip.contentHash(signal))
    if (!(await this.isUnchanged())) return null
    const { manifest } = this.#resources
    const { width, height } = this.shape
    const prefix = cachedPrefix({ bytes: this.info.bytes, hash: this.#hash, indices: this.plan.indices, width, height, manifest })
    return `${prefix}${nameKey([await this.#resources.towerResultsKey(), ...further])}.${ending}`
  }

  get cachePrefix(): string {
    return sizePrefix(this.info.bytes)
  }

  /** Whether the file is unchanged since it was opened. */
  async isUnchanged(): Promise<boolean> {
    return (await fileStamp(this.request.path)) === this.#stamp
  }

  /** Closes the file; it is opened again if the embeddings are needed again. */
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
    return stored.width === this.#resources.manifest.vision.width && stored.rowsPerSlice === this.shape.rows ? stored : null
  }

  async *#encode(report: EmbedReport, signal: AbortSignal): AsyncGenerator<SliceRows, void> {
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
    const delivered: (readonly FrameUsed[])[] = []
    const encoded: SliceRows[] = []
    for await (const embedded of tower.embed(frames, options)) {
      // Without the pixels.
      const slice = { frames: embedded.frames.map(({ index, time }) => ({ index, time })), rows: embedded.rows }
      delivered.push(slice.frames)
      if (cache) encoded.push(slice)
      yield slice
    }
    this.#deliver(delivered)
    report.onDecoded({ codec: this.info.codec, pixels: this.plan.pixels })
    if (cache) this.#unsaved = { width: manifest.vision.width, rowsPerSlice: this.shape.rows, slices: encoded, notices }
  }
}

/** Seconds from slice to slice, if positions in time depend on them. */
export function paceOf({ framesPerSlice, positionsPerSecond }: TowerForm, { rate }: Pick<SamplingPlan, 'rate'>): SlicePace | undefined {
  return positionsPerSecond === null || rate === 0 ? undefined : { seconds: framesPerSlice / rate, positionsPerSecond }
}

/** Converts settings to plain data; limits from the model are null. */
export function fittedFrom(from: ClipSettings, to: ClipSettings): Fitted {
  return {
    frames: to.frames,
    maxPixels: to.maxPixels ?? null,
    from: { frames: from.frames, maxPixels: from.maxPixels ?? null },
  }
}
