import { frameRateOf } from '../jobs/events/clip-events.ts'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import { type ClipEvents, eventOfClause } from '../shared/clip-events.ts'
import type { TimedText } from '../shared/timed-text.ts'

/** The stored events of a clip, with the present place of its file; null if there are none. */
export function storedEventsOf(library: Library, clip: StoredClip): ClipEvents | null {
  const stored = library.events.get(clip.key)
  return stored && { ...stored.found, file: placeOf(clip) }
}

/** The clauses of a timed answer as the events of its clip. */
export function answerEvents(clip: StoredClip, model: string, timed: TimedText): ClipEvents {
  const { clauses, text, timings } = timed
  const { duration } = clip.facts
  return {
    ...withoutEvents(clip),
    model,
    segments: [{ start: 0, end: duration, text }],
    events: clauses.map((clause) => eventOfClause(clause, 0)),
    summary: text,
    timings: { ...timings },
  }
}

/** A clip without any events. */
export function withoutEvents(clip: StoredClip): ClipEvents {
  const { duration, rate, constantRate, kind, width, height } = clip.facts
  return {
    file: placeOf(clip),
    duration,
    frameRate: frameRateOf(rate),
    ...(width > 0 && height > 0 && { size: { width, height } }),
    variableRate: !constantRate && kind !== 'image',
    startTimecode: clip.facts.startTimecode,
    model: '',
    segments: [],
    events: [],
    chapters: [],
    summary: null,
    notices: [],
    timings: {},
  }
}

/** An uploaded copy has no place that the user knows. */
function placeOf({ uploaded, name, path }: StoredClip): string {
  return uploaded ? name : path
}
