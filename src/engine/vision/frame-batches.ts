import type { Frame, RgbImage } from '../media/types.ts'

/** A frame as the tower sees it, after both resizes. */
export interface PreparedFrame {
  readonly frame: Pick<Frame, 'index' | 'time'>
  readonly picture: RgbImage
}

/**
 * Neighbouring frames of one size, as many as hold `maxPixels` together, at least one. Frames are asked for one at a time and
 * never beyond what a batch needs, except for the one that turns out to have another size.
 */
export class FrameBatches implements AsyncDisposable {
  readonly #frames: AsyncIterator<Frame>
  readonly #prepare: (frame: Frame) => RgbImage
  readonly #maxPixels: number
  #held: PreparedFrame | null = null
  #ended = false
  #asked: Promise<unknown> = Promise.resolve()

  constructor(frames: AsyncIterable<Frame>, prepare: (frame: Frame) => RgbImage, maxPixels: number) {
    this.#frames = frames[Symbol.asyncIterator]()
    this.#prepare = prepare
    this.#maxPixels = maxPixels
  }

  /** The next batch, empty after the last frame. A failure is kept for whoever awaits it: asking ahead leaves no rejection unhandled. */
  next(): Promise<PreparedFrame[]> {
    const batch = this.#next()
    this.#asked = batch.catch(() => {})
    return batch
  }

  /** Ends the source, once it has answered what it was asked. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#asked
    if (!this.#ended) await this.#frames.return?.()
  }

  async #next(): Promise<PreparedFrame[]> {
    const batch: PreparedFrame[] = []
    for (;;) {
      const prepared = this.#held ?? (await this.#pull())
      this.#held = null
      if (!prepared) return batch
      const [first] = batch
      if (first && (first.picture.width !== prepared.picture.width || first.picture.height !== prepared.picture.height)) {
        this.#held = prepared
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
