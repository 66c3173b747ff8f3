import { type ClipEvent, eventOfClause } from '../../shared/clip-events.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import { clockText } from './time-text.ts'

/** An event on the timeline. */
export interface EventSpan {
  /** Index of the event. */
  readonly index: number
  /** Seconds. */
  readonly start: number
  /** End of the event if it is known, otherwise the start of the next event of its segment, otherwise the end of the segment or of the clip. */
  readonly end: number
  /** Row of the track, from 0. Events that overlap have different rows. */
  readonly lane: number
}

/** More rows would push the panel's other parts away; further events share the last one. */
const MAX_LANES = 4

/** Events that have a time, as spans in the order of their starts. Events without a time are left out. */
export function eventSpans(
  events: readonly ClipEvent[],
  duration: number,
  segments: readonly { readonly end: number }[] = [],
): EventSpan[] {
  const placed = events
    .flatMap(({ start, end, segment }, index) => (start === null ? [] : [{ index, start, end, segment }]))
    .sort((a, b) => a.start - b.start || a.index - b.index)
  const nextStarts = startsAfter(placed)
  const laneEnds: number[] = []
  return placed.map(({ index, start, end, segment }, i) => {
    const shownEnd = Math.max(start, Math.min(end ?? nextStarts[i] ?? segments[segment]?.end ?? duration, duration))
    const free = laneEnds.findIndex((laneEnd) => laneEnd <= start)
    const lane = Math.min(free === -1 ? laneEnds.length : free, MAX_LANES - 1)
    laneEnds[lane] = Math.max(laneEnds[lane] ?? 0, shownEnd)
    return { index, start, end: shownEnd, lane }
  })
}

/** For each event, the first later start in its segment. The events must be in the order of their starts. */
function startsAfter(placed: readonly { readonly start: number; readonly segment: number }[]): (number | undefined)[] {
  /** By segment, the start that was passed last from the end, and the first one after it. */
  const passed = new Map<number, { readonly start: number; readonly after: number | undefined }>()
  return placed
    .toReversed()
    .map(({ start, segment }) => {
      const last = passed.get(segment)
      const after = last && last.start > start ? last.start : last?.after
      passed.set(segment, { start, after })
      return after
    })
    .reverse()
}

/** A player that was sent to a time shows the frame there, which may have begun this much earlier, in seconds. */
const FRAME = 0.05

/** Whether a time of the player is within a span. The end belongs to the next span. */
export function spans({ start, end }: Pick<EventSpan, 'start' | 'end'>, time: number): boolean {
  return time + FRAME >= start && time + FRAME < end
}

/** Start of the next or previous event after a time; null if there is none. `direction` is 1 or -1. */
export function neighbouringStart(starts: readonly number[], time: number, direction: 1 | -1): number | null {
  const others = starts.filter((start) => (direction === 1 ? start > time + FRAME : start < time - FRAME))
  if (others.length === 0) return null
  return direction === 1 ? Math.min(...others) : Math.max(...others)
}

/** The clauses of a text as events of a clip. */
export function clauseEvents({ clauses }: Pick<TimedText, 'clauses'>): ClipEvent[] {
  return clauses.map((clause) => eventOfClause(clause, 0))
}

/** An event in one line: `0:03 circle moves right`. */
export function eventLabel({ text, start }: Pick<ClipEvent, 'text' | 'start'>): string {
  return start === null ? text : `${clockText(start, 0)} ${text}`
}
