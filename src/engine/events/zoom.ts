import type { FrameUsed } from '../../shared/engine-events.ts'
import { median, type Onset, STEEP } from './onsets.ts'

/** Frames that one look adds between two others. */
const DIVISION = 4
/** Intervals after the foot of the rise that a look covers at most. */
const WIDEST = 4
/** Height between the low level and the high one at which the event counts as seen. */
const CROSSING = 0.4

/** Frames that the model has seen, and the onset in the curve of a clause after each of them. */
export interface Seen {
  readonly frames: readonly FrameUsed[]
  readonly onset: Onset
}

/**
 * Finds the step of a curve among frames around a step that was seen before: the place that separates low values from high ones with the fewest
 * exceptions. There may be other steps in so dense a curve, and it may end before it is high.
 * @param times seconds of each frame
 * @param from number of frames before those around the step
 */
export function findStepWithin(curve: Float64Array, times: readonly number[], from: number): Omit<Onset, 'confidence'> | null {
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

/** The frames of the next look: `from` is the number of frames before it. Null if none lie between the frames around the step. */
export function planLook(
  { frames, onset: { time, lastBefore, firstAfter } }: Seen,
  precision: number,
): { from: number; indices: number[] } | null {
  if (time === null || time <= (frames[0]?.time ?? 0) || lastBefore < 1 || firstAfter >= frames.length) return null
  const first = frames[lastBefore - 1] as FrameUsed
  const [low, high] = [frames[lastBefore] as FrameUsed, frames[lastBefore + 1] as FrameUsed]
  const last = frames[Math.min(firstAfter + 1, lastBefore + WIDEST, frames.length - 1)] as FrameUsed
  const seconds = (high.time - low.time) / (high.index - low.index)
  const step = Math.max(1, Math.ceil((high.index - low.index) / DIVISION), Math.floor(precision / seconds))
  if (!(step < high.index - low.index)) return null
  const indices: number[] = []
  for (let index = first.index + step; index <= last.index; index += step) indices.push(index)
  return { from: lastBefore, indices }
}
