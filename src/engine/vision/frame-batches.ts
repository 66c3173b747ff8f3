import type { Frame, RgbImage } from '../media/types.ts'
import type { SeenFrame } from './types.ts'

/** A slice as the tower receives it, after all resizes. */
export interface PreparedSlice {
  readonly frames: readonly SeenFrame[]
  /** The frames' pictures; the last one is repeated if the slice has too few. */
  readonly pictures: readonly RgbImage[]
}

export interface BatchSizes {
  /** Number of frames of a slice. */
  readonly framesPerSlice: number
  /** Maximum number of pixels of a batch, of one picture per slice. */
  readonly maxPixels: number
}

/**
 * Groups consecutive frames of equal size into slices, and these into batches of at most `maxPixels` in total, but at least one slice. Frames are
 * requested one at a time and only as needed for a batch, except for one of a different size that ends it.
 */
export class FrameBatches implements AsyncDisposable {
  readonly #frames: AsyncIterator<Frame>
  readonly #prepare: (frame: Frame) => RgbImage
  readonly #sizes: BatchSizes
  /** A frame of a different size, and a slice of such frames. */
  #carriedFrame: SeenFrame | null = null
  #carried: PreparedSlice | null = null
  #ended = false
  #pending: Promise<unknown> = Promise.resolve()

  constructor(frames: AsyncIterable<Frame>, prepare: (frame: Frame) => RgbImage, sizes: BatchSizes) {
    this.#frames = frames[Symbol.asyncIterator]()
    this.#prepare = prepare
    this.#sizes = sizes
  }

  /** Returns the next batch, empty after the last frame. Rejections are handled, so that a batch may be requested in advance. */
  next(): Promise<PreparedSlice[]> {
    const batch = this.#collect()
    this.#pending = batch.catch(() => {})
    return batch
  }

  /** Closes the source after its pending request has finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pending
    if (!this.#ended) await this.#frames.return?.()
  }

  async #collect(): Promise<PreparedSlice[]> {
    const batch: PreparedSlice[] = []
    for (;;) {
      const slice = this.#carried ?? (await this.#slice())
      this.#carried = null
      const [first] = batch
      if (!slice) return batch
      if (first && !sameSize(first.pictures[0], slice.pictures[0])) {
        this.#carried = slice
        return batch
      }
      batch.push(slice)
      const { width = 0, height = 0 } = slice.pictures[0] ?? {}
      if ((batch.length + 1) * width * height > this.#sizes.maxPixels) return batch
    }
  }

  async #slice(): Promise<PreparedSlice | null> {
    const first = this.#carriedFrame ?? (await this.#pull())
    this.#carriedFrame = null
    if (!first) return null
    const { framesPerSlice } = this.#sizes
    const frames = [first]
    while (frames.length < framesPerSlice) {
      const next = await this.#pull()
      if (next && !sameSize(next.picture, first.picture)) this.#carriedFrame = next
      if (!next || this.#carriedFrame) break
      frames.push(next)
    }
    const pictures = Array.from({ length: framesPerSlice }, (_, i) => (frames[i] ?? frames.at(-1) ?? first).picture)
    return { frames, pictures }
  }

  async #pull(): Promise<SeenFrame | null> {
    if (this.#ended) return null
    const next = await this.#frames.next()
    if (next.done) {
      this.#ended = true
      return null
    }
    const { index, time } = next.value
    return { index, time, picture: this.#prepare(next.value) }
  }
}

function sameSize(a: RgbImage | undefined, b: RgbImage | undefined): boolean {
  return a?.width === b?.width && a?.height === b?.height
}
