import { memo } from 'react'
import type { Chapter, ClipEvent } from '../../../shared/clip-events.ts'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { playFrom } from '../../flows/play-from.ts'
import { useShownChapters, useShownEvents } from '../../hooks/use-shown-events.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { type EventSpan, eventLabel, spans } from '../../lib/event-track.ts'
import { LANE_PX, LEAST_PX, SPAN_PX, spanWidth } from '../../lib/span-places.ts'
import { clockText } from '../../lib/time-text.ts'
import { useEvents } from '../../stores/events.ts'
import { usePlayer } from '../../stores/player.ts'
import { NarrowSpans } from './narrow-spans.tsx'

/** The least width of a span with text, in pixels. */
const TEXT_PX = 32

/**
 * Chapters, segments and events as spans below the pictures. A click on a span plays from its start. The spans are for the pointer; the list of events
 * has a button for each.
 */
export function EventLanes({ metadata, scale }: { readonly metadata: ClipMetadata; readonly scale: TimeScale }) {
  const shown = useShownEvents(metadata)
  const chapters = useShownChapters()
  if (!shown || (shown.spans.length === 0 && shown.segments.length < 2)) return null
  const { events, segments, spans: placed } = shown
  const { pixelsPerSecond, from, to } = scale
  const lanes = placed.reduce((most, { lane }) => Math.max(most, lane + 1), 0)
  const isVisible = ({ start, end }: { readonly start: number; readonly end: number }) => end >= from && start <= to
  const visible = placed.filter(isVisible)
  const spanOf = (span: EventSpan) => {
    const event = events[span.index]
    return event && <Span key={span.index} span={span} event={event} pixelsPerSecond={pixelsPerSecond} allPixels={scale.width} />
  }
  return (
    // A stacking context of its own: while only the playhead moves, it is not painted again.
    <div
      role="img"
      aria-label={t('Timeline of {count} events. The Events tab lists them.', { count: placed.length })}
      className="isolate pt-1"
    >
      {chapters.length > 0 && (
        <div className="relative" style={{ height: LANE_PX }}>
          {chapters.map((chapter, i) => (
            <ChapterSpan
              key={chapter.start}
              chapter={chapter}
              end={chapters[i + 1]?.start ?? metadata.duration}
              pixelsPerSecond={pixelsPerSecond}
            />
          ))}
        </div>
      )}
      {segments.length > 1 && (
        <div className="relative mb-1.5 h-1">
          {segments.filter(isVisible).map(({ start, end }) => (
            <span
              key={start}
              className="absolute inset-y-0 rounded-full bg-edge"
              style={{ left: start * pixelsPerSecond, width: Math.max(1, (end - start) * pixelsPerSecond - 2) }}
            />
          ))}
        </div>
      )}
      <div className="relative" style={{ height: lanes * LANE_PX }}>
        <NarrowSpans spans={visible.filter((span) => spanWidth(span, pixelsPerSecond) === LEAST_PX)} scale={scale}>
          {spanOf}
        </NarrowSpans>
        {visible.filter((span) => spanWidth(span, pixelsPerSecond) > LEAST_PX).map(spanOf)}
      </div>
    </div>
  )
}

const ChapterSpan = memo(function ChapterSpan({
  chapter: { start, title },
  end,
  pixelsPerSecond,
}: {
  readonly chapter: Chapter
  readonly end: number
  readonly pixelsPerSecond: number
}) {
  const width = spanWidth({ start, end }, pixelsPerSecond)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of events has the chapters too.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <span
      title={`${clockText(start, 0)} ${title}`}
      onClick={() => playFrom(start)}
      className="absolute top-0 cursor-pointer truncate rounded-control bg-sunk px-2 text-note leading-[23px] font-medium hover:bg-line"
      style={{ left: start * pixelsPerSecond, width, height: SPAN_PX }}
    >
      {width > TEXT_PX && title}
    </span>
  )
})

interface SpanProps {
  readonly span: EventSpan
  readonly event: ClipEvent
  readonly pixelsPerSecond: number
  /** Width of the whole clip in pixels. */
  readonly allPixels: number
}

const Span = memo(function Span({ span, event, pixelsPerSecond, allPixels }: SpanProps) {
  const current = usePlayer((state) => spans(span, state.time))
  const marked = useEvents((state) => state.marked === span.index)
  const { mark } = useEvents.getState()
  const width = spanWidth(span, pixelsPerSecond)
  const look = current ? 'border-text bg-accent text-on-accent' : 'border-accent bg-accent-soft text-text hover:bg-line'
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of events has a button for each event.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <span
      title={eventLabel(event)}
      data-current={current || undefined}
      onClick={() => playFrom(span.start)}
      onMouseEnter={() => mark(span.index)}
      onMouseLeave={() => mark(null)}
      className={`absolute cursor-pointer truncate rounded-control border-l-3 text-note leading-[23px] font-medium ${look} ${width > TEXT_PX ? 'px-2' : ''} ${marked ? 'outline-2 outline-offset-1 outline-accent' : ''}`}
      style={{ top: span.lane * LANE_PX, height: SPAN_PX, left: Math.min(span.start * pixelsPerSecond, allPixels - LEAST_PX), width }}
    >
      {width > TEXT_PX && event.text}
    </span>
  )
})
