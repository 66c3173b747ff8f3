import type { ClipEvent, ClipEvents } from '../../shared/clip-events.ts'
import type { EventFormat } from '../../shared/event-formats.ts'

/** An event with a time. */
export interface TimedEvent extends ClipEvent {
  readonly start: number
}

/** The events with texts that people can read without what stands before them. Only programs need the exact clause. */
export function readableEvents(events: readonly ClipEvent[]): ClipEvent[] {
  return events.map(({ caption, ...event }) => ({ ...event, text: caption ?? event.text }))
}

/** The events that have a time, by their start, with texts that can be read alone. */
export function timedEvents({ events }: Pick<ClipEvents, 'events'>): TimedEvent[] {
  const timed = readableEvents(events).filter((event): event is TimedEvent => event.start !== null)
  return timed.sort((a, b) => a.start - b.start)
}

/** The events that have none. No format gives them one. */
export function untimedEvents({ events }: Pick<ClipEvents, 'events'>): ClipEvent[] {
  return readableEvents(events).filter(({ start }) => start === null)
}

/** Notes for formats that show no events without a time: that these are left out, and what they say. */
export function untimedNotes(clip: ClipEvents): string[] {
  const untimed = untimedEvents(clip)
  if (untimed.length === 0) return []
  const what =
    untimed.length === 1 ? 'One event has no clear time and is left out:' : `${untimed.length} events have no clear time and are left out:`
  return [what, ...untimed.map(({ text }) => text)]
}

/** A sentence about events that a file of this format leaves out without saying so; null if there are none. Only SubRip has no comments. */
export function leftOutNotice(clip: ClipEvents, format: EventFormat): string | null {
  const [notice] = format === 'srt' ? untimedNotes(clip) : []
  return notice?.replace(/:$/, '.') ?? null
}
