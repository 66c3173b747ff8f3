import type { ClipEvents } from '../../shared/clip-events.ts'
import type { Cue } from '../sinks/srt.ts'
import { timedEvents } from './timed-events.ts'

/** Seconds a subtitle is shown at least: nobody reads it faster. */
const SHORTEST = 1

/**
 * Subtitles of a clip: one for each event that has a time. An event whose end is not known is shown until the next one starts or its segment ends.
 * Times are whole milliseconds, rounded down: a subtitle is then on screen with the event's own first frame, not from the one after it.
 */
export function eventCues(clip: ClipEvents): Cue[] {
  const cues: Cue[] = []
  let following = Number.POSITIVE_INFINITY
  let later = Number.POSITIVE_INFINITY
  // From the end, because each needs the start of the next later one, and several may start together.
  for (const { start, end, text, segment } of timedEvents(clip).reverse()) {
    if (start < following) later = following
    following = start
    const last = end ?? Math.min(later, clip.segments[segment]?.end ?? clip.duration)
    cues.push({ start: milliseconds(start), end: milliseconds(Math.max(start + SHORTEST, last)), text })
  }
  return cues.reverse()
}

/** Frames' times are not exact in binary: without the allowance 1.001 would become 1. */
function milliseconds(seconds: number): number {
  return Math.floor(seconds * 1000 + 1e-6) / 1000
}
