import type { Clip } from './types.ts'

/** Maximum rounding error in seconds; the coarsest containers round times to milliseconds. */
const ROUNDING = 0.000_500_001

/**
 * Whether the frame times follow from the rate alone, to half a millisecond.
 * @param timeOf seconds from the first frame
 */
export function followsRate(frameCount: number, rate: number, timeOf: (index: number) => number): boolean {
  for (let index = 1; index < frameCount; index += 1) if (Math.abs(timeOf(index) - index / rate) > ROUNDING) return false
  return true
}

/** Milliseconds from each frame to the next, one value fewer than frames. Their sums are the rounded frame times, without accumulated errors. */
export function frameSteps(clip: Clip): number[] {
  const { times } = clip.plan({ kind: 'indices', indices: Array.from({ length: clip.info.frameCount }, (_, index) => index) })
  const rounded = times.map((time) => Math.round(time * 1000))
  return rounded.slice(1).map((time, index) => time - (rounded[index] as number))
}
