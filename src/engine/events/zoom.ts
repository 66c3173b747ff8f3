import type { FrameUsed } from '../../shared/engine-events.ts'
import type { AnswerTokens, ClipScorer } from '../conversation/clip-scorer.ts'
import { curveOf, findOnset, findStep, type Onset, type TextPart } from './onsets.ts'

/** Frames that one look adds between two others. */
const DIVISION = 4
/** Intervals after the foot of the rise that a look covers at most. */
const WIDEST = 4
/** A closer look counts if its step has at least this share of the height of the one before. */
const AS_HIGH = 0.4

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
 * about as high as before; else the time stays.
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
    const closer = curveOf(after, text.starts, part)
    const onset = findStep(closer, frames.map(timeOf))
    if (onset.time === null || onset.lastBefore < look.from - 1 || onset.rise < AS_HIGH * seen.onset.rise) return seen.onset
    seen = { frames, onset }
  }
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
