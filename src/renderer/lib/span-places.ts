import type { EventSpan } from './event-track.ts'

/** Height of a span, and the distance from one lane to the next, in pixels. */
export const SPAN_PX = 23
export const LANE_PX = 26
/** The least width of a span. */
export const LEAST_PX = 6

/** Width of a span in pixels; there is a gap of two before the next one. */
export function spanWidth({ start, end }: Pick<EventSpan, 'start' | 'end'>, pixelsPerSecond: number): number {
  return Math.max(LEAST_PX, (end - start) * pixelsPerSecond - 2)
}

/** A span of the least width, and its upper left corner in pixels. */
export interface NarrowSpan {
  readonly span: EventSpan
  readonly x: number
  readonly y: number
}

/**
 * Spans of the least width at whole pixels from `left`, as the browser places elements. Of several at one place only the last is returned, because it
 * covers the others. `width` is that of the whole clip in pixels.
 */
export function narrowSpans(
  spans: readonly EventSpan[],
  { pixelsPerSecond, width }: { readonly pixelsPerSecond: number; readonly width: number },
  left: number,
): NarrowSpan[] {
  const byPlace = new Map<string, NarrowSpan>()
  for (const span of spans) {
    const x = Math.round(Math.min(span.start * pixelsPerSecond, width - LEAST_PX)) - left
    const y = span.lane * LANE_PX
    byPlace.set(`${x} ${y}`, { span, x, y })
  }
  return [...byPlace.values()]
}

/** The last of the spans that contain a point, which is the visible one; null if there is none. */
export function narrowSpanAt(places: readonly NarrowSpan[], x: number, y: number): EventSpan | null {
  const found = places.findLast((place) => place.x <= x && x < place.x + LEAST_PX && place.y <= y && y < place.y + SPAN_PX)
  return found?.span ?? null
}
