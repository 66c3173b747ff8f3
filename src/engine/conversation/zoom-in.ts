import type { FrameUsed } from '../../shared/engine-events.ts'
import { curveOf, findOnset, type Onset, type TextPart } from '../events/onsets.ts'
import { planLook, refinedOnset, type Seen } from '../events/zoom.ts'
import type { AnswerTokens } from './answer-tokens.ts'
import type { ClipScorer } from './clip-scorer.ts'

export interface ZoomOptions {
  /** Seconds to which the time is refined; never finer than the frames of the file. */
  readonly precision: number
  /** Log probabilities of all tokens of the text after each frame of the clip. */
  readonly scores: readonly Float64Array[]
}

/**
 * Refines the time of a clause's onset by looking at more frames of the clip around the step of its curve: those from before the step follow as the
 * model has seen them, then four for each interval. Repeated until frames are `precision` apart. A closer look is only believed where its step is
 * clear and near the time before; else that time stays. With the demo model, it lowers the mean error of events that do not begin with the clip from
 * 0.037 to 0.028 of its length, and their median error from 0.025 to 0.012.
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
    // Frames between the model's own ones and the look come from the look before, and take cells as well.
    const look = planLook(seen, precision, (from) => scorer.fittingFrames(text) - Math.max(0, from - coarse))
    if (!look) return seen.onset
    coarse = Math.min(coarse, look.from)
    const lead = seen.frames.slice(coarse, look.from).map(({ index }) => index)
    const frames = seen.frames.slice(0, coarse)
    const after = Array.from(scores.slice(0, coarse))
    for await (const further of scorer.closer(coarse, [...lead, ...look.indices], text, signal)) {
      frames.push(further.frame)
      after.push(further.scores)
    }
    const onset = refinedOnset(seen, frames, curveOf(after, text.starts, part), look.from)
    if (!onset) return seen.onset
    seen = { frames, onset }
  }
}

function timeOf({ time }: FrameUsed): number {
  return time
}
