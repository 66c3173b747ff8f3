/** A little into the frame, so that rounding in a decoder does not show the one before. */
const INTO_FRAME = 0.001

/** The frame that is shown at a time, from 0, of a clip with this many frames a second. */
export function frameAt(time: number, rate: number, frameCount: number): number {
  return Math.min(Math.max(0, Math.floor((time + INTO_FRAME) * rate)), Math.max(0, frameCount - 1))
}

/** The time at which a player shows a frame. */
export function timeOfFrame(index: number, rate: number): number {
  return rate > 0 ? index / rate + INTO_FRAME : 0
}

/** The time so many frames on (or back), within the clip. */
export function steppedTime(time: number, frames: number, rate: number, frameCount: number): number {
  const wanted = frameAt(time, rate, frameCount) + frames
  return timeOfFrame(Math.min(Math.max(0, wanted), Math.max(0, frameCount - 1)), rate)
}

/** The time so many seconds on (or back), at the beginning of the frame that is shown then, within the clip. */
export function skippedTime(time: number, seconds: number, rate: number, frameCount: number): number {
  return timeOfFrame(frameAt(time + seconds, rate, frameCount), rate)
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
