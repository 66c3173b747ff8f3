import type { Chapter } from '../../../shared/clip-events.ts'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { playFrom } from '../../flows/play-from.ts'
import { useShownChapters, useShownEvents } from '../../hooks/use-shown-events.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { type EventSpan, eventLabel, spans } from '../../lib/event-track.ts'
import { clockText } from '../../lib/time-text.ts'
import { useEvents } from '../../stores/events.ts'
import { usePlayer } from '../../stores/player.ts'

/** Height of a span, and the distance from one lane to the next, in pixels. */
const SPAN_PX = 23
const LANE_PX = 26
/** The least width of a span, and of one with text. */
const LEAST_PX = 6
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
  return (
    <div role="img" aria-label={`Timeline of ${placed.length} events. The Events tab lists them.`} className="pt-1">
      {chapters.length > 0 && (
        <div className="relative" style={{ height: LANE_PX }}>
          {chapters.map((chapter, i) => (
            <ChapterSpan key={chapter.start} chapter={chapter} end={chapters[i + 1]?.start ?? metadata.duration} scale={scale} />
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
        {placed.filter(isVisible).map((span) => {
          const event = events[span.index]
          return event && <Span key={span.index} span={span} text={event.text} label={eventLabel(event)} scale={scale} />
        })}
      </div>
    </div>
  )
}

function ChapterSpan({
  chapter: { start, title },
  end,
  scale,
}: {
  readonly chapter: Chapter
  readonly end: number
  readonly scale: TimeScale
}) {
  const width = Math.max(LEAST_PX, (end - start) * scale.pixelsPerSecond - 2)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of events has the chapters too.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <span
      title={`${clockText(start, 0)} ${title}`}
      onClick={() => playFrom(start)}
      className="absolute top-0 cursor-pointer truncate rounded-control bg-sunk px-2 text-note leading-[23px] font-medium hover:bg-line"
      style={{ left: start * scale.pixelsPerSecond, width, height: SPAN_PX }}
    >
      {width > TEXT_PX && title}
    </span>
  )
}

interface SpanProps {
  readonly span: EventSpan
  readonly text: string
  readonly label: string
  readonly scale: TimeScale
}

function Span({ span, text, label, scale: { pixelsPerSecond, width: all } }: SpanProps) {
  const current = usePlayer((state) => spans(span, state.time))
  const marked = useEvents((state) => state.marked === span.index)
  const mark = useEvents((state) => state.mark)
  const width = Math.max(LEAST_PX, (span.end - span.start) * pixelsPerSecond - 2)
  const look = current ? 'border-text bg-accent text-on-accent' : 'border-accent bg-accent-soft text-text hover:bg-line'
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list of events has a button for each event.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <span
      title={label}
      data-current={current || undefined}
      onClick={() => playFrom(span.start)}
      onMouseEnter={() => mark(span.index)}
      onMouseLeave={() => mark(null)}
      className={`absolute cursor-pointer truncate rounded-control border-l-3 text-note leading-[23px] font-medium ${look} ${width > TEXT_PX ? 'px-2' : ''} ${marked ? 'outline-2 outline-offset-1 outline-accent' : ''}`}
      style={{ top: span.lane * LANE_PX, height: SPAN_PX, left: Math.min(span.start * pixelsPerSecond, all - LEAST_PX), width }}
    >
      {width > TEXT_PX && text}
    </span>
  )
}
