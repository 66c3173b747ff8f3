import type { Progress } from './engine-events.ts'

/** Progress of a download; `value` and `title` as in every long job. */
export interface DownloadProgress extends Progress {
  /** Bytes present, including those of an earlier attempt. */
  readonly bytes: number
  /** 0 while it is not known. */
  readonly totalBytes: number
  /** Bytes per second over the last seconds; null while no data arrives. */
  readonly bytesPerSecond: number | null
  readonly secondsLeft: number | null
}
