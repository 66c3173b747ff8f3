import { InvalidArgumentError } from 'commander'
import type { RunProgress } from '../bench/run/run-rate.ts'
import type { Shard } from '../bench/run/shard.ts'
import { counted } from '../shared/size-text.ts'

const MAX_WORKERS = 256

export function parseCount(text: string, most: number): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > most) throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
  return count
}

/** Parses the number of samples to process concurrently. */
export function parseWorkers(text: string): number {
  return parseCount(text, MAX_WORKERS)
}

/** Parses a shard: `2/8` is the second of eight parts. */
export function parseShard(text: string): Shard {
  const [, index = 0, of = 0] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number)
  if (index < 1 || index > of) throw new InvalidArgumentError('It must have the form I/N with I from 1 to N, such as 2/8.')
  return { index, of }
}

/** Formats progress, such as "12 of 1000 samples, 1 failed, 3.4 a minute, 4 h 50 min left". */
export function progressText({ done, failed, total, perMinute, secondsLeft }: RunProgress): string {
  const parts = [`${done} of ${counted(total, 'sample')}`]
  if (failed > 0) parts.push(`${failed} failed`)
  if (perMinute !== null) parts.push(`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)}/min`)
  if (secondsLeft !== null && done < total) parts.push(`${timeText(secondsLeft)} left`)
  return parts.join(', ')
}

function timeText(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
