import type { DownloadProgress } from '../../../shared/download-progress.ts'

/** Time window for the speed, in milliseconds. */
const WINDOW_MS = 8000
/** Interval between progress events, in milliseconds. Events are sent even when no data arrives, so that the reported speed drops. */
const EVERY_MS = 200

/** Progress of a download that waits for something else before its size is known. */
export function progressOfWait(title: string): DownloadProgress {
  return { value: 0, title, bytes: 0, totalBytes: 0, bytesPerSecond: null, secondsLeft: null }
}

/** Adds up the bytes of several downloads, and reports progress, speed and remaining time. */
export class TransferMeter implements Disposable {
  readonly #total: number
  readonly #onProgress: (progress: DownloadProgress) => void
  readonly #now: () => number
  #bytes = 0
  #fetched = 0
  #title = 'downloading'
  readonly #tick: NodeJS.Timeout
  #samples: { readonly at: number; readonly fetched: number }[]

  constructor(total: number, onProgress: (progress: DownloadProgress) => void, now: () => number = () => performance.now()) {
    this.#total = total
    this.#onProgress = onProgress
    this.#now = now
    this.#samples = [{ at: now(), fetched: 0 }]
    this.#tick = setInterval(() => this.#report(), EVERY_MS).unref()
  }

  /** Adds bytes that were already present; negative if they are discarded. */
  present(bytes: number): void {
    this.#bytes += bytes
  }

  fetched(bytes: number): void {
    this.#title = 'downloading'
    this.#bytes += bytes
    this.#fetched += bytes
  }

  /** Reports a step other than downloading. */
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
    this.#onProgress({
      value: this.#total === 0 ? 1 : Math.min(1, Math.max(0, this.#bytes / this.#total)),
      title: this.#title,
      bytes: this.#bytes,
      totalBytes: this.#total,
      bytesPerSecond: speed > 0 ? speed : null,
      secondsLeft: speed > 0 ? missing / speed : null,
    })
  }
}
