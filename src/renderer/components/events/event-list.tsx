import { useVirtualizer } from '@tanstack/react-virtual'
import { Download, X } from 'lucide-react'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Chapter, ClipEvent, Segment } from '../../../shared/clip-events.ts'
import { t } from '../../../shared/text.ts'
import { playFrom } from '../../flows/play-from.ts'
import type { ShownEvents } from '../../hooks/use-shown-events.ts'
import { type EventSpan, spans } from '../../lib/event-track.ts'
import { clockText } from '../../lib/time-text.ts'
import { useEvents } from '../../stores/events.ts'
import { useMoment } from '../../stores/moment.ts'
import { usePlayer } from '../../stores/player.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { VirtualRows } from '../ui/virtual-rows.tsx'

type Row =
  | { readonly kind: 'chapter'; readonly chapter: Chapter }
  | { readonly kind: 'segment'; readonly segment: Segment; readonly number: number }
  | { readonly kind: 'event'; readonly event: ClipEvent; readonly index: number; readonly span: EventSpan | null }

interface EventListProps {
  readonly handle: string
  readonly shown: ShownEvents
  /** Chapters that a model wrote. */
  readonly chapters: readonly Chapter[]
  /** Reason why the player cannot go to a time. */
  readonly why: string | null
}

/** The events in order, with their segments and chapters. A click plays from an event. The list is virtualized, because films have thousands. */
export function EventList({ handle, shown, chapters, why }: EventListProps) {
  const box = useRef<HTMLElement>(null)
  const [above, setAbove] = useState(0)
  const rows = useMemo(() => rowsOf(shown, chapters), [shown, chapters])
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: rows.length,
    getScrollElement: () => box.current?.closest<HTMLDivElement>('[role="tabpanel"]') ?? null,
    estimateSize: () => 36,
    scrollMargin: above,
    overscan: 12,
  })
  // The list scrolls with what stands above it in the panel.
  useLayoutEffect(() => setAbove(box.current?.offsetTop ?? 0))
  return (
    <section ref={box} aria-label={t('Events of the clip')} className="-mx-2">
      <VirtualRows list={list} setSize={rows.length}>
        {(index) => {
          const row = rows[index]
          return row && <RowView handle={handle} row={row} why={why} />
        }}
      </VirtualRows>
    </section>
  )
}

function RowView({ handle, row, why }: { readonly handle: string; readonly row: Row; readonly why: string | null }) {
  switch (row.kind) {
    case 'chapter':
      return <h3 className="px-2 pt-3 pb-0.5 text-body font-semibold">{row.chapter.title}</h3>
    case 'segment':
      return (
        <div className="px-2 pt-2.5 pb-1 text-control">
          <p className="text-quiet tabular-nums">
            {t('Segment {number}, {start}–{end}', {
              number: row.number,
              start: clockText(row.segment.start, 0),
              end: clockText(row.segment.end, 0),
            })}
          </p>
          <p className="wrap-anywhere">{row.segment.text}</p>
        </div>
      )
    default:
      return row.span === null ? (
        <UntimedEvent event={row.event} index={row.index} />
      ) : (
        <div className="flex items-start">
          <EventButton {...row} span={row.span} why={why} />
          <SaveButton handle={handle} text={row.event.text} span={row.span} />
        </div>
      )
  }
}

function EventButton({
  event,
  index,
  span,
  why,
}: {
  readonly event: ClipEvent
  readonly index: number
  readonly span: EventSpan
  readonly why: string | null
}) {
  const current = usePlayer((state) => spans(span, state.time))
  const marked = useEvents((state) => state.marked === index)
  const mark = useEvents((state) => state.mark)
  const look = current ? 'border-accent bg-accent-soft' : 'border-transparent hover:bg-sunk'
  return (
    <button
      type="button"
      aria-current={current ? 'time' : undefined}
      disabled={why !== null}
      title={why ?? timesText(span.start, event.end)}
      onClick={() => playFrom(span.start)}
      onMouseEnter={() => mark(index)}
      onMouseLeave={() => mark(null)}
      onFocus={() => mark(index)}
      onBlur={() => mark(null)}
      className={`flex min-w-0 flex-1 gap-2 rounded-control border-l-3 px-2 py-1.5 text-left text-control transition-colors disabled:cursor-not-allowed ${look} ${marked ? 'underline decoration-accent decoration-2 underline-offset-3' : ''}`}
    >
      <span className="shrink-0 font-medium text-accent tabular-nums">{clockText(span.start, 0)}</span>{' '}
      <span className="wrap-anywhere">{event.text}</span>
    </button>
  )
}

function timesText(start: number, end: number | null): string {
  if (end === null) return t('From {start}', { start: clockText(start) })
  return t('From {start} to {end}', { start: clockText(start), end: clockText(end) })
}

/** Saves the event's part of the clip as a file. */
function SaveButton({ handle, text, span }: { readonly handle: string; readonly text: string; readonly span: EventSpan }) {
  const value = useMoment(({ saving }) => (saving?.start === span.start && saving.end === span.end ? saving.value : null))
  const { save, stop } = useMoment.getState()
  if (value === null)
    return (
      <IconButton
        icon={Download}
        label={t('Save this moment: {text}', { text })}
        onClick={() => void save(handle, span)}
        className="size-7"
      />
    )
  return (
    <IconButton icon={X} label={t('Stop saving ({percent} %)', { percent: Math.round(100 * value) })} onClick={stop} className="size-7" />
  )
}

function UntimedEvent({ event, index }: { readonly event: ClipEvent; readonly index: number }) {
  const marked = useEvents((state) => state.marked === index)
  return (
    <p
      className={`flex gap-2 border-l-3 border-transparent px-2 py-1.5 text-control text-quiet ${marked ? 'underline' : ''}`}
      title={t('The frames show no clear beginning of this event.')}
    >
      <span className="shrink-0">{t('no time')}</span> <span className="wrap-anywhere">{event.text}</span>
    </p>
  )
}

/** Segments with their events, and each chapter before the segment in which it starts. A single segment is left out: its text is that of the events. */
function rowsOf({ events, segments, spans: placed }: ShownEvents, chapters: readonly Chapter[]): Row[] {
  const spanOf = new Map(placed.map((span) => [span.index, span]))
  const eventRow = (event: ClipEvent, index: number): Row => ({ kind: 'event', event, index, span: spanOf.get(index) ?? null })
  if (segments.length < 2) return events.map(eventRow)
  const bySegment = Map.groupBy(events.map(eventRow), (row) => (row.kind === 'event' ? row.event.segment : 0))
  const titles = [...chapters]
  return segments.flatMap((segment, i): Row[] => {
    const starting = titles.splice(0, titles.findLastIndex(({ start }) => start < segment.end) + 1)
    return [
      ...starting.map((chapter): Row => ({ kind: 'chapter', chapter })),
      { kind: 'segment', segment, number: i + 1 },
      ...(bySegment.get(i) ?? []),
    ]
  })
}
