import { InvalidArgumentError } from 'commander'
import type { RunProgress } from '../bench/run/run-rate.ts'
import type { Shard } from '../bench/run/shard.ts'

/** As many machines as anybody shares a run among. */
const MOST_SHARDS = 10_000

export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}

/** `2/8`: the second of eight parts. */
export function parseShard(text: string): Shard {
  const [, index = 0, of = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number)
  if (index < 1 || index > of || of > MOST_SHARDS)
    throw new InvalidArgumentError('It must be such as 2/8: the second of eight parts, counted from 1.')
  return { index, of }
}

/** Such as "12 of 100 done, 1 failed, 8.5 a minute, 10 min left". */
export function rateText({ done, failed, total, perMinute, secondsLeft }: RunProgress): string {
  const failures = failed > 0 ? `, ${failed} failed` : ''
  const rate = perMinute === null ? '' : `, ${perMinute.toFixed(perMinute < 10 ? 1 : 0)} a minute`
  return `${done} of ${total} done${failures}${rate}${secondsLeft === null ? '' : `, ${timeText(secondsLeft)} left`}`
}

function timeText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min`
}
