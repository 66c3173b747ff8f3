import { useMemo } from 'react'
import type { Chapter, ClipEvent, Segment } from '../../shared/clip-events.ts'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { clauseEvents, type EventSpan, eventSpans } from '../lib/event-track.ts'
import { useChat } from '../stores/chat.ts'
import { type EventsSource, useEvents } from '../stores/events.ts'

/** The events that the page shows. */
export interface ShownEvents {
  readonly source: EventsSource
  readonly events: readonly ClipEvent[]
  readonly segments: readonly Segment[]
  /** Those events that have a time. */
  readonly spans: readonly EventSpan[]
}

/** Answers of the conversation that have times, by index. */
export function useTimedTurns(): readonly number[] {
  const turns = useChat((state) => state.chat?.all)
  return useMemo(() => (turns ?? []).filter(({ timed }) => timed !== null).map(({ index }) => index), [turns])
}

/** Whose events the page shows: the user's choice, otherwise the clip's, otherwise those of the last answer with times; null if there are none. */
export function useShownSource(): EventsSource | null {
  const source = useEvents((state) => state.source)
  const hasOwn = useEvents(({ run, stored }) => (run?.segments.length ?? 0) > 0 || stored !== null)
  const timed = useTimedTurns()
  if (typeof source === 'number' && timed.includes(source)) return source
  return hasOwn ? 'clip' : (timed.at(-1) ?? null)
}

/** The events that the page shows; null if there are none. */
export function useShownEvents({ duration }: ClipMetadata): ShownEvents | null {
  const chosen = useShownSource()
  const run = useEvents((state) => state.run)
  const stored = useEvents((state) => state.stored)
  const turns = useChat((state) => state.chat?.all)
  return useMemo(() => {
    if (chosen === null) return null
    const text = chosen === 'clip' ? null : turns?.[chosen]?.timed
    const own = run && run.segments.length > 0 ? run : stored?.found
    const { events, segments } = text ? { events: clauseEvents(text), segments: [] } : (own ?? { events: [], segments: [] })
    return { source: chosen, events, segments, spans: eventSpans(events, duration, segments) }
  }, [chosen, turns, run, stored, duration])
}

const NO_CHAPTERS: readonly Chapter[] = []

/** Chapters that a model wrote about the open clip, if the clip's own events are shown. Other chapters are the segments again. */
export function useShownChapters(): readonly Chapter[] {
  const chosen = useShownSource()
  return useEvents(({ run, stored }) =>
    chosen === 'clip' && !run && stored?.found.summarizedByModel ? stored.found.chapters : NO_CHAPTERS,
  )
}
