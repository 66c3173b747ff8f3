import type { MouseEvent, ReactNode } from 'react'
import { playFrom } from '../../flows/play-from.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { type EventSpan, spans as isIn } from '../../lib/event-track.ts'
import { narrowSpanAt, narrowSpans } from '../../lib/span-places.ts'
import { useEvents } from '../../stores/events.ts'
import { usePlayer } from '../../stores/player.ts'

interface NarrowSpansProps {
  /** Visible spans of the least width, in the order of their starts. */
  readonly spans: readonly EventSpan[]
  readonly scale: TimeScale
  /** The element of a span. */
  readonly children: (span: EventSpan) => ReactNode
}

/** A span and the line at its start, as paths from its upper left corner. */
const SPAN = 'm3 0a3 3 0 0 0-3 3v17a3 3 0 0 0 6 0v-17a3 3 0 0 0-3-3z'
const LINE = 'm3 0a3 3 0 0 0-3 3v17a3 3 0 0 0 3 3z'

/**
 * Spans of the least width. A film has thousands, so they are drawn as two paths; only the ones that play and the one under the pointer are elements.
 */
export function NarrowSpans({ spans, scale, children }: NarrowSpansProps) {
  const playing = usePlayer(({ time }) => indices(spans.filter((span) => isIn(span, time))))
  const marked = useEvents((state) => state.marked)
  if (spans.length === 0) return null
  const left = Math.round(scale.from * scale.pixelsPerSecond)
  const places = narrowSpans(spans, scale, left)
  const spanAt = ({ clientX, clientY, currentTarget }: MouseEvent) => {
    const box = currentTarget.getBoundingClientRect()
    return narrowSpanAt(places, clientX - box.left, clientY - box.top)
  }
  const { mark } = useEvents.getState()
  const paths = (shape: string) => places.map(({ x, y }) => `M${x} ${y}${shape}`).join('')
  return (
    <>
      <svg
        aria-hidden="true"
        className="absolute inset-y-0 h-full overflow-visible"
        style={{ left, width: (scale.to - scale.from) * scale.pixelsPerSecond }}
        onMouseMove={(event) => mark(spanAt(event)?.index ?? null)}
        onMouseLeave={() => mark(null)}
        onClick={(event) => {
          const span = spanAt(event)
          if (span) playFrom(span.start)
        }}
      >
        <path className="fill-accent-soft" d={paths(SPAN)} />
        <path className="fill-accent" d={paths(LINE)} />
      </svg>
      {spans.filter(({ index }) => index === marked || playing.includes(` ${index} `)).map(children)}
    </>
  )
}

/** A text that is equal for equal spans, so that the store does not report the same ones again. */
function indices(spans: readonly EventSpan[]): string {
  return spans.map(({ index }) => ` ${index} `).join('')
}
