import type { FrameUsed } from '../../shared/engine-events.ts'
import { MIN_SHARPNESS, median, type Onset, STEEP, steepest } from './onsets.ts'

/** Frames that one look adds between two others. */
const DIVISION = 4
/** Intervals after the foot of the rise that a look covers at most. */
const WIDEST = 4
/** Height between the low level and the high one at which the event counts as seen. */
const CROSSING = 0.4
/** A closer look counts if its step has at least this share of the height of the one before. */
const AS_HIGH = 0.4
/** A closer look counts if its time differs from the one before by at most this many of the intervals between the frames before. */
const FARTHEST = 1.25

/** Frames that the model has seen, and the onset in the curve of a clause after each of them. */
export interface Seen {
  readonly frames: readonly FrameUsed[]
  readonly onset: Onset
}

/**
 * Returns the onset after a closer look, or null if it is not to be believed. Denser frames look slower, and often like another event: a motion
 * that ends, or none at all.
 * @param frames those before the look, and those of the look
 * @param curve log probability of the clause after each of them
 * @param from number of frames before the look
 */
export function refinedOnset(before: Seen, frames: readonly FrameUsed[], curve: Float64Array, from: number): Onset | null {
  const { time, lastBefore, rise } = before.onset
  const times = frames.map((frame) => frame.time)
  const step = findStepWithin(curve, times, from)
  if (time === null || !step || step.rise < AS_HIGH * rise) return null
  if (steepest(curve, step.lastBefore, step.firstAfter) < MIN_SHARPNESS * step.rise) return null
  const interval = (before.frames[lastBefore + 1]?.time ?? 0) - (before.frames[lastBefore]?.time ?? 0)
  return Math.abs(step.time - time) > FARTHEST * interval ? null : { ...before.onset, ...step }
}

/**
 * Finds the step of a curve among frames around a step that was seen before: the place that separates low values from high ones with the fewest
 * exceptions. There may be other steps in so dense a curve, and it may end before it is high.
 * @param times seconds of each frame
 * @param from number of frames before those around the step
 */
export function findStepWithin(
  curve: Float64Array,
  times: readonly number[],
  from: number,
): (Omit<Onset, 'confidence'> & { readonly time: number }) | null {
  const low = median(curve.slice(Math.max(0, from - 3), from + 2))
  const rise = median(curve.slice(-5)) - low
  const level = low + CROSSING * rise
  const firstAfter = separation(curve, level, from)
  if (!(rise > 0) || firstAfter >= curve.length) return null
  const [at, time] = [(place: number) => curve[place] as number, (place: number) => times[place] as number]
  const last = firstAfter - 1
  let foot = last
  while (foot >= from && at(foot) - at(foot - 1) > STEEP) foot -= 1
  const part = Math.min(1, Math.max(0, (level - at(last)) / (at(firstAfter) - at(last))))
  const crossing = time(last) + part * (time(firstAfter) - time(last))
  // The frames before the look have the distance in which a model's delay is measured.
  const correction = (0.15 - 2 / Math.max(4, rise)) * (time(1) - time(0))
  return { time: (time(foot) + crossing) / 2 + correction, rise, lastBefore: foot, firstAfter }
}

/** The place from which on most values are above a level, and before which most are not. */
function separation(curve: Float64Array, level: number, from: number): number {
  let [best, fewest] = [from, Number.POSITIVE_INFINITY]
  for (let place = from; place <= curve.length; place += 1) {
    const exceptions = curve.slice(from).filter((value, i) => value > level === from + i < place).length
    if (exceptions < fewest) [best, fewest] = [place, exceptions]
  }
  return best
}

/** Frames for which a context needs cells so that a look has all its frames. */
export const LOOK_FRAMES = 20
/** Frames with which a look is of use. */
const MIN_LOOK = 6

/**
 * The frames of the next look: `from` is the number of frames before it. Null if none lie between the frames around the step, or too few fit.
 * @param maxFrames maximum number of frames for each value of `from`
 */
export function planLook(
  { frames, onset: { time, lastBefore, firstAfter } }: Seen,
  precision: number,
  maxFrames: (from: number) => number = () => Number.POSITIVE_INFINITY,
): { from: number; indices: number[] } | null {
  if (time === null || time <= (frames[0]?.time ?? 0) || lastBefore < 1 || firstAfter >= frames.length) return null
  const first = frames[lastBefore - 1] as FrameUsed
  const [low, high] = [frames[lastBefore] as FrameUsed, frames[lastBefore + 1] as FrameUsed]
  const last = frames[Math.min(firstAfter + 1, lastBefore + WIDEST, frames.length - 1)] as FrameUsed
  const seconds = (high.time - low.time) / (high.index - low.index)
  const most = maxFrames(lastBefore)
  const sparse = Math.ceil((last.index - first.index) / most)
  const step = Math.max(1, Math.ceil((high.index - low.index) / DIVISION), Math.floor(precision / seconds), sparse)
  if (!(step < high.index - low.index) || most < MIN_LOOK) return null
  const indices: number[] = []
  for (let index = first.index + step; index <= last.index; index += step) indices.push(index)
  return { from: lastBefore, indices }
}
