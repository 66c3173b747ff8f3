import type { Clip } from './types.ts'

/** Containers that round times round them to milliseconds, the most. */
const ROUNDING = 0.000_500_001

/**
 * Whether the rate alone tells when each frame is shown, to half a millisecond.
 * @param timeOf seconds from the first frame
 */
export function followsRate(frameCount: number, rate: number, timeOf: (index: number) => number): boolean {
  for (let index = 1; index < frameCount; index += 1) if (Math.abs(timeOf(index) - index / rate) > ROUNDING) return false
  return true
}

/** Milliseconds from each frame to the next: one fewer than there are frames. Their sums are the frames' times, rounded, and gather no error. */
export function frameSteps(clip: Clip): number[] {
  const { times } = clip.plan({ kind: 'indices', indices: Array.from({ length: clip.info.frameCount }, (_, index) => index) })
  const rounded = times.map((time) => Math.round(time * 1000))
  return rounded.slice(1).map((time, index) => time - (rounded[index] as number))
}
