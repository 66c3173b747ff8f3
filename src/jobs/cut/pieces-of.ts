import type { ClipEvents } from '../../shared/clip-events.ts'
import { assertNever } from '../../shared/errors.ts'
import type { CutBy } from '../../shared/options.ts'
import { readableEvents } from '../event-formats/timed-events.ts'

/** A piece that is to be cut, in seconds from the clip's first frame. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** Its caption. */
  readonly text: string
}

export interface Pieces {
  readonly pieces: readonly Piece[]
  /** Sentences about what is not cut, such as events without a time. */
  readonly notices: readonly string[]
}

/**
 * The pieces of a clip, in the order of their starts. A segment, event or chapter ends where it says; an event whose end is not known ends with its segment, and a chapter
 * where the next one starts.
 * @param pad seconds that each piece is longer at both sides, within the clip
 */
export function piecesOf(events: ClipEvents, by: CutBy, pad: number): Pieces {
  const { duration } = events
  const found = rangesOf(events, by)
  const timed = found.filter((piece): piece is Piece => piece.start !== null)
  const inside = timed.filter(({ start }) => start < duration)
  const pieces = inside
    .map(({ start, end, text }) => ({
      start: Math.max(0, start - pad),
      end: Math.min(duration, Math.max(start, end) + pad),
      text: text.trim(),
    }))
    .sort((a, b) => a.start - b.start)
  return { pieces, notices: noticesOf(found.length - timed.length, timed.length - inside.length, by) }
}

interface Range {
  /** Null if the time is not known. */
  readonly start: number | null
  readonly end: number
  readonly text: string
}

function rangesOf({ segments, events, chapters, duration }: ClipEvents, by: CutBy): Range[] {
  switch (by) {
    case 'segment':
      return segments.map(({ start, end, text }) => ({ start, end, text }))
    case 'event':
      return readableEvents(events).map(({ start, end, text, segment }) => ({
        start,
        end: end ?? segments[segment]?.end ?? duration,
        text,
      }))
    case 'chapter':
      return chapters.map(({ start, title }, i) => ({ start, end: chapters[i + 1]?.start ?? duration, text: title }))
    default:
      return assertNever(by, 'kind of piece')
  }
}

function noticesOf(untimed: number, outside: number, by: CutBy): string[] {
  const notices: string[] = []
  if (untimed > 0) notices.push(untimed === 1 ? '1 event has no time and is not cut.' : `${untimed} events have no time and are not cut.`)
  if (outside > 0)
    notices.push(
      outside === 1 ? `1 ${by} after the end of the clip is not cut.` : `${outside} ${by}s after the end of the clip are not cut.`,
    )
  return notices
}
