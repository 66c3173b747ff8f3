import type { FrameUsed } from '../../shared/engine-events.ts'
import type { AnswerTokens, ClipScorer } from '../conversation/clip-scorer.ts'
import { curveOf, findOnset, median, type Onset, STEEP, type TextPart } from './onsets.ts'

/** Frames that one look adds between two others. */
const DIVISION = 4
/** Intervals after the foot of the rise that a look covers at most. */
const WIDEST = 4
/** A closer look counts if its step has at least this share of the height of the one before. */
const AS_HIGH = 0.4
/** Height between the low level and the high one at which the event counts as seen. */
const CROSSING = 0.4

/** Frames that the model has seen, and the onset in the curve of a clause after each of them. */
export interface Seen {
  readonly frames: readonly FrameUsed[]
  readonly onset: Onset
}

export interface ZoomOptions {
  /** Seconds to which the time is refined; never finer than the frames of the file. */
  readonly precision: number
  /** Log probabilities of all tokens of the text after each frame of the clip. */
  readonly scores: readonly Float64Array[]
}

/**
 * Refines the time of a clause's onset by looking at more frames of the clip around the step of its curve: those from before the step follow as the
 * model has seen them, then four for each interval. Repeated until frames are `precision` apart. A closer look is only believed where its step is
 * high enough and does not contradict the frames before; else the time stays.
 */
export async function zoomIn(
  scorer: ClipScorer,
  text: AnswerTokens,
  part: TextPart,
  { precision, scores }: ZoomOptions,
  signal: AbortSignal,
): Promise<Onset> {
  const curve = curveOf(scores, text.starts, part)
  let seen: Seen = { frames: scorer.frames, onset: findOnset(curve, scorer.frames.map(timeOf)) }
  // Frames of the first look on that are the model's own.
  let coarse = scorer.frames.length
  for (;;) {
    const look = planLook(seen, precision)
    if (!look) return seen.onset
    coarse = Math.min(coarse, look.from)
    const lead = seen.frames.slice(coarse, look.from).map(({ index }) => index)
    const frames = seen.frames.slice(0, coarse)
    const after = Array.from(scores.slice(0, coarse))
    for await (const further of scorer.closer(coarse, [...lead, ...look.indices], text, signal)) {
      frames.push(further.frame)
      after.push(further.scores)
    }
    const onset = findStepWithin(curveOf(after, text.starts, part), frames.map(timeOf), look.from)
    if (!onset || onset.rise < AS_HIGH * seen.onset.rise) return seen.onset
    // What the model had not seen by a frame cannot have been seen before it: denser frames look slower, and so like another event.
    if ((frames[onset.firstAfter]?.time ?? 0) <= (seen.frames[seen.onset.lastBefore]?.time ?? 0)) return seen.onset
    seen = { frames, onset: { ...seen.onset, ...onset } }
  }
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

function timeOf({ time }: FrameUsed): number {
  return time
}
