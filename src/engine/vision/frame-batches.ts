import type { Frame, RgbImage } from '../media/types.ts'

/** A frame as the tower receives it, after both resizes. */
export interface PreparedFrame {
  readonly frame: Pick<Frame, 'index' | 'time'>
  readonly picture: RgbImage
}

/**
 * Groups consecutive frames of equal size into batches of at most `maxPixels` in total, but at least one frame. Frames are requested one at
 * a time and only as needed for a batch, except for one frame of a different size that ends it.
 */
export class FrameBatches implements AsyncDisposable {
  readonly #frames: AsyncIterator<Frame>
  readonly #prepare: (frame: Frame) => RgbImage
  readonly #maxPixels: number
  #carried: PreparedFrame | null = null
  #ended = false
  #pending: Promise<unknown> = Promise.resolve()

  constructor(frames: AsyncIterable<Frame>, prepare: (frame: Frame) => RgbImage, maxPixels: number) {
    this.#frames = frames[Symbol.asyncIterator]()
    this.#prepare = prepare
    this.#maxPixels = maxPixels
  }

  /** Returns the next batch, empty after the last frame. Rejections are handled, so that a batch may be requested in advance. */
  next(): Promise<PreparedFrame[]> {
    const batch = this.#collect()
    this.#pending = batch.catch(() => {})
    return batch
  }

  /** Closes the source after its pending request has finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pending
    if (!this.#ended) await this.#frames.return?.()
  }

  async #collect(): Promise<PreparedFrame[]> {
    const batch: PreparedFrame[] = []
    for (;;) {
      const prepared = this.#carried ?? (await this.#pull())
      this.#carried = null
      if (!prepared) return batch
      const [first] = batch
      if (first && (first.picture.width !== prepared.picture.width || first.picture.height !== prepared.picture.height)) {
        this.#carried = prepared
        return batch
      }
      batch.push(prepared)
      if ((batch.length + 1) * prepared.picture.width * prepared.picture.height > this.#maxPixels) return batch
    }
  }

  async #pull(): Promise<PreparedFrame | null> {
    if (this.#ended) return null
    const next = await this.#frames.next()
    if (next.done) {
      this.#ended = true
      return null
    }
    const { index, time } = next.value
    return { frame: { index, time }, picture: this.#prepare(next.value) }
  }
}
