/** Seconds before and after a frame within which its difference must stand out. Covers neighbours from 6 frames per second on. */
const WINDOW = 0.17

/** A frame and its mean difference from the previous one, from 0 to 100. */
export interface FrameDifference {
  readonly index: number
  readonly time: number
  readonly difference: number
}

/**
 * Decides which frames start a shot. A frame does if its difference from the previous frame exceeds all others nearby by the threshold. FFmpeg's own rule
 * compares it with the previous difference only, and so takes sudden motion, flashes and motion between repeated frames for cuts.
 */
export class CutFinder {
  readonly #threshold: number
  /** Undecided frames, and the frames before them that they are compared with, in order. */
  readonly #recent: FrameDifference[] = []
  /** Position of the first undecided frame in `#recent`. */
  #undecided = 0

  constructor(threshold: number) {
    this.#threshold = threshold
  }

  /** Adds the next frame; returns the cuts that are certain now. */
  add(frame: FrameDifference): FrameDifference[] {
    const cuts = this.#decideUntil(frame.time - WINDOW)
    this.#recent.push(frame)
    return cuts
  }

  /** Returns the cuts that are still undecided after the last frame. */
  end(): FrameDifference[] {
    return this.#decideUntil(Number.POSITIVE_INFINITY)
  }

  #decideUntil(time: number): FrameDifference[] {
    const cuts: FrameDifference[] = []
    for (;;) {
      const frame = this.#recent[this.#undecided]
      if (!frame || frame.time >= time) return cuts
      while ((this.#recent[0] as FrameDifference).time < frame.time - WINDOW) {
        this.#recent.shift()
        this.#undecided -= 1
      }
      const near = this.#recent.filter((other) => other !== frame && other.time <= frame.time + WINDOW)
      const others = Math.max(0, ...near.map(({ difference }) => difference))
      if (frame.difference - others >= this.#threshold) cuts.push(frame)
      this.#undecided += 1
    }
  }
}
