import type { Progress } from './engine-events.ts'

/** How far a download is; `value` and `title` as in every long job. */
export interface DownloadProgress extends Progress {
  /** Bytes that are there, those kept from before among them. */
  readonly bytes: number
  readonly totalBytes: number
  /** Bytes a second over the last seconds; null while nothing comes from the network. */
  readonly bytesPerSecond: number | null
  readonly secondsLeft: number | null
}
