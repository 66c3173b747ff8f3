import type { DownloadProgress } from '../shared/download-progress.ts'
import { sizeText } from './size-text.ts'

/** A download as one line: `downloading, 34 %, 5.2 of 15.5 GiB, 45.1 MiB/s, 4 min left`. */
export function transferText({ title, value, bytes, totalBytes, bytesPerSecond, secondsLeft }: DownloadProgress): string {
  const speed = bytesPerSecond === null ? '' : `, ${sizeText(Math.round(bytesPerSecond))}/s`
  const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`
  return `${title}, ${Math.floor(value * 100)} %, ${sizeText(bytes)} of ${sizeText(totalBytes)}${speed}${left}`
}

/** About how long: `40 s`, `4 min`, `2 h 05 min`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
