/** A little into the frame, so that rounding in a decoder does not show the one before. */
const INTO_FRAME = 0.001

/** When the frames of a clip are shown. */
export interface Timeline {
  readonly frameCount: number
  /** Average frames a second. */
  readonly rate: number
  /** Seconds of each frame from the first, ascending; null where the rate alone tells them. */
  readonly times: readonly number[] | null
}

/** The times of a clip's frames in seconds, from the milliseconds between them. */
export function timesFromSteps(steps: readonly number[]): number[] {
  let milliseconds = 0
  const times = [0]
  for (const step of steps) {
    milliseconds += step
    times.push(milliseconds / 1000)
  }
  return times
}

/** The frame that is shown at a time, from 0. */
export function frameAt(time: number, { times, rate, frameCount }: Timeline): number {
  const frame = times ? framesUntil(time + INTO_FRAME, times) - 1 : Math.floor((time + INTO_FRAME) * rate)
  return Math.min(Math.max(0, frame), Math.max(0, frameCount - 1))
}

/** How many frames have been shown by a time, that of the time included. */
function framesUntil(time: number, times: readonly number[]): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** The time at which a player shows a frame. */
export function timeOfFrame(index: number, { times, rate }: Timeline): number {
  if (times) return (times[index] ?? 0) + INTO_FRAME
  return rate > 0 ? index / rate + INTO_FRAME : 0
}

/** The time so many frames on (or back), within the clip. */
export function steppedTime(time: number, frames: number, timeline: Timeline): number {
  const wanted = frameAt(time, timeline) + frames
  return timeOfFrame(Math.min(Math.max(0, wanted), Math.max(0, timeline.frameCount - 1)), timeline)
}

/** The time so many seconds on (or back), at the beginning of the frame that is shown then, within the clip. */
export function skippedTime(time: number, seconds: number, timeline: Timeline): number {
  return timeOfFrame(frameAt(time + seconds, timeline), timeline)
}

/** The range with its beginning or its end moved, kept in order and at least one frame long. */
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
