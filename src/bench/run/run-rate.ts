/** Number of recent samples from which the rate is computed: enough to smooth out single clips, few enough to follow the machine's load. */
const WINDOW = 50

/** Progress of a run. */
export interface RunProgress {
  readonly done: number
  readonly failed: number
  readonly total: number
  /** Samples per minute; null before the second sample. */
  readonly perMinute: number | null
  readonly secondsLeft: number | null
}

/** Counts the samples of a run, without those that were already done when it began. */
export class RunRate {
  readonly #total: number
  readonly #now: () => number
  #ends: number[]
  #done = 0
  #failed = 0

  /** @param now returns a time in milliseconds, with any origin */
  constructor(total: number, now: () => number = () => performance.now()) {
    this.#total = total
    this.#now = now
    this.#ends = [now()]
  }

  add(failed: boolean): RunProgress {
    this.#done += 1
    if (failed) this.#failed += 1
    this.#ends = [...this.#ends.slice(-WINDOW), this.#now()]
    return this.progress
  }

  get progress(): RunProgress {
    const [first = 0] = this.#ends
    const seconds = ((this.#ends.at(-1) ?? 0) - first) / 1000
    const perMinute = this.#done > 1 && seconds > 0 ? ((this.#ends.length - 1) / seconds) * 60 : null
    const secondsLeft = perMinute === null ? null : ((this.#total - this.#done) / perMinute) * 60
    return { done: this.#done, failed: this.#failed, total: this.#total, perMinute, secondsLeft }
  }
}
