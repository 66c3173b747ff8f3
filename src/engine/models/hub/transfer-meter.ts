import type { DownloadProgress } from '../../../shared/download-progress.ts'

/** The speed is that of the last so many milliseconds. */
const WINDOW_MS = 8000
/** Told so often, in milliseconds, also while nothing comes: then the speed falls. */
const EVERY_MS = 200

/** Adds up what several downloads bring, and tells how fast and how long still. */
export class TransferMeter implements Disposable {
  readonly #total: number
  readonly #tell: (progress: DownloadProgress) => void
  readonly #now: () => number
  #bytes = 0
  #fetched = 0
  #title = 'downloading'
  readonly #tick: NodeJS.Timeout
  #samples: { readonly at: number; readonly fetched: number }[]

  constructor(total: number, tell: (progress: DownloadProgress) => void, now: () => number = () => performance.now()) {
    this.#total = total
    this.#tell = tell
    this.#now = now
    this.#samples = [{ at: now(), fetched: 0 }]
    this.#tick = setInterval(() => this.#report(), EVERY_MS).unref()
  }

  /** Bytes that were there already; negative where they are given up. */
  kept(bytes: number): void {
    this.#bytes += bytes
  }

  fetched(bytes: number): void {
    this.#title = 'downloading'
    this.#bytes += bytes
    this.#fetched += bytes
  }

  /** What goes on, where it is not the downloading itself. */
  say(title: string): void {
    this.#title = title
    this.#report()
  }

  end(): void {
    this.#title = 'downloaded'
    this.#report()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#tick)
  }

  #report(): void {
    const at = this.#now()
    this.#samples.push({ at, fetched: this.#fetched })
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS) this.#samples.shift()
    const first = this.#samples[0] ?? { at, fetched: 0 }
    const speed = at > first.at ? ((this.#fetched - first.fetched) * 1000) / (at - first.at) : 0
    const missing = this.#total - this.#bytes
    this.#tell({
      value: this.#total === 0 ? 1 : Math.min(1, Math.max(0, this.#bytes / this.#total)),
      title: this.#title,
      bytes: this.#bytes,
      totalBytes: this.#total,
      bytesPerSecond: speed > 0 ? speed : null,
      secondsLeft: speed > 0 ? missing / speed : null,
    })
  }
}
