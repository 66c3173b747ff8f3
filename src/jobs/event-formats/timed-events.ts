import type { ClipEvent, ClipEvents } from '../../shared/clip-events.ts'

/** An event with a time. */
export interface TimedEvent extends ClipEvent {
  readonly start: number
}

/** The events that have a time, by their start. */
export function timedEvents({ events }: ClipEvents): TimedEvent[] {
  const timed = events.filter((event): event is TimedEvent => event.start !== null)
  return timed.sort((a, b) => a.start - b.start)
}

/** The events that have none. No format gives them one. */
export function untimedEvents({ events }: ClipEvents): ClipEvent[] {
  return events.filter(({ start }) => start === null)
}

/** Notes for formats that show no events without a time: that these are left out, and what they say. */
export function untimedNotes(clip: ClipEvents): string[] {
  const untimed = untimedEvents(clip)
  if (untimed.length === 0) return []
  const what = untimed.length === 1 ? 'One event has no clear time and is' : `${untimed.length} events have no clear time and are`
  return [`${what} left out:`, ...untimed.map(({ text }) => text)]
}
