import { countUntil } from '../../shared/count-until.ts'

/** Offset into a frame in seconds, so that rounding in a decoder does not show the previous frame. */
const INTO_FRAME = 0.001

/** Frame times of a clip. */
export interface Timeline {
  readonly frameCount: number
  /** Average frame rate in frames per second. */
  readonly rate: number
  /** Frame times in seconds from the first frame, ascending; null if the rate is constant. */
  readonly times: readonly number[] | null
}

/** Converts the milliseconds between frames to frame times in seconds. */
export function timesFromSteps(steps: readonly number[]): number[] {
  let milliseconds = 0
  const times = [0]
  for (const step of steps) {
    milliseconds += step
    times.push(milliseconds / 1000)
  }
  return times
}

/** Index of the frame at a time, from 0. */
export function frameAt(time: number, { times, rate, frameCount }: Timeline): number {
  const frame = times ? countUntil(times, time + INTO_FRAME) - 1 : Math.floor((time + INTO_FRAME) * rate)
  return Math.min(Math.max(0, frame), Math.max(0, frameCount - 1))
}

/** A time at which a player shows the frame. */
export function timeOfFrame(index: number, { times, rate }: Timeline): number {
  if (times) return (times[index] ?? 0) + INTO_FRAME
  return rate > 0 ? index / rate + INTO_FRAME : 0
}

/** The time `frames` frames later (or earlier, if negative), clamped to the clip. */
export function steppedTime(time: number, frames: number, timeline: Timeline): number {
  const wanted = frameAt(time, timeline) + frames
  return timeOfFrame(Math.min(Math.max(0, wanted), Math.max(0, timeline.frameCount - 1)), timeline)
}

/** The time `seconds` later (or earlier, if negative), aligned to the start of the frame there and clamped to the clip. */
export function skippedTime(time: number, seconds: number, timeline: Timeline): number {
  return timeOfFrame(frameAt(time + seconds, timeline), timeline)
}

/** Moves the start or end of a range. The range stays ordered and at least one frame long. */
export function movedRange(
  range: { readonly start: number; readonly end: number } | null,
  edge: 'start' | 'end',
  time: number,
  { duration, rate }: { readonly duration: number; readonly rate: number },
): { start: number; end: number } {
  const { start, end } = range ?? { start: 0, end: duration }
  const minStep = rate > 0 ? 1 / rate : 0
  const moved = Math.min(Math.max(0, time), duration)
  if (edge === 'start') return { start: Math.min(moved, duration - minStep), end: end - moved < minStep ? duration : end }
  return { start: moved - start < minStep ? 0 : start, end: Math.max(moved, minStep) }
}
