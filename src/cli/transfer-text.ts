import type { DownloadProgress } from '../shared/download-progress.ts'
import type { Progress } from '../shared/engine-events.ts'
import { sizeText } from '../shared/size-text.ts'

/** Formats a download as one line: `downloading, 34 %, 5.6 GB of 17 GB, 47 MB/s, 4 min left`; while its size is not known, only what it does. */
export function transferText({ title, value, bytes, totalBytes, bytesPerSecond, secondsLeft }: DownloadProgress): string {
  if (totalBytes === 0) return title
  const pace = paceText({ bytesPerSecond, secondsLeft })
  return `${title}, ${Math.floor(value * 100)} %, ${sizeText(bytes)} of ${sizeText(totalBytes)}${pace}`
}

/** Formats any other long job: `34 %, writing the language model, 310 MB/s, 40 s left`. */
export function workText({ value, title, ...pace }: Progress): string {
  return `${Math.floor(value * 100)} %, ${title}${paceText(pace)}`
}

function paceText({ bytesPerSecond = null, secondsLeft = null }: Pick<Progress, 'bytesPerSecond' | 'secondsLeft'>): string {
  const speed = bytesPerSecond === null ? '' : `, ${sizeText(Math.round(bytesPerSecond))}/s`
  return secondsLeft === null ? speed : `${speed}, ${durationText(secondsLeft)} left`
}

/** Formats an approximate duration: `40 s`, `4 min`, `2 h 05 min`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
