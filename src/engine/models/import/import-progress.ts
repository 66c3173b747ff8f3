import type { Progress } from '../../../shared/engine-events.ts'

/** Time window for the speed, in milliseconds. */
const WINDOW_MS = 8000
/** Minimum interval between samples for the speed, in milliseconds. */
const SAMPLE_MS = 250

/** Reports progress, speed and remaining time of an import, from the number of bytes that are done. */
export class ImportProgress {
  readonly #total: number
  readonly #share: number
  readonly #report: (progress: Progress) => void
  readonly #now: () => number
  readonly #samples: { readonly at: number; readonly done: number }[] = []
  #value = 0

  /** `share` is the fraction of the whole progress that the bytes represent; the rest is reported through {@link say}. */
  constructor(total: number, share: number, report: (progress: Progress) => void, now: () => number = () => performance.now()) {
    this.#total = total
    this.#share = share
    this.#report = report
    this.#now = now
  }

  /** `done` is the total number of bytes so far; the reported progress never decreases. */
  bytes(done: number, title: string): void {
    const at = this.#now()
    const last = this.#samples.at(-1)
    if (last === undefined || at - last.at >= SAMPLE_MS || done < last.done) this.#samples.push({ at, done })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS) this.#samples.shift()
    const first = this.#samples[0] ?? { at, done }
    const speed = at > first.at ? Math.max(0, ((done - first.done) * 1000) / (at - first.at)) : 0
    this.#value = Math.max(this.#value, this.#total === 0 ? 0 : (this.#share * done) / this.#total)
    this.#report({
      value: this.#value,
      title,
      bytesPerSecond: speed > 0 ? speed : null,
      secondsLeft: speed > 0 ? Math.max(0, this.#total - done) / speed : null,
    })
  }

  say(value: number, title: string): void {
    this.#value = Math.max(this.#value, value)
    this.#report({ value: this.#value, title })
  }
}
