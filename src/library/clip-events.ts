import { type ClipEvents, clipEventsSchema } from '../shared/clip-events.ts'
import { type FindEventsSettings, findEventsSettingsSchema, type StoredEvents } from '../shared/contract/events.ts'
import type { Database, Row } from './database.ts'
import { EVENTS_MODEL } from './search.ts'
import { storedJson } from './stored-json.ts'

/** Events of a clip as they are stored, without the clip. */
export type EventsOfClip = Omit<StoredEvents, 'clip'>

/** The events of clips, at most one result for each. The texts of its events and segments are found by a search. */
export class StoredClipEvents {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Returns null if there are none, or if they cannot be read. */
  get(clipKey: number): EventsOfClip | null {
    const row = this.#db.get('SELECT settings, found, created FROM clip_events WHERE clip = ?', clipKey)
    return row ? eventsOf(row) : null
  }

  /** Replaces the stored events of a clip. `created` defaults to now. */
  put(clipKey: number, settings: FindEventsSettings, found: ClipEvents, created = Date.now()): EventsOfClip {
    this.#db.transaction(() => {
      this.remove(clipKey)
      this.#db.run(
        'INSERT INTO clip_events (clip, settings, found, created) VALUES (?, ?, ?, ?)',
        clipKey,
        JSON.stringify(settings),
        JSON.stringify(found),
        created,
      )
      const add = (kind: 'event' | 'segment', start: number, text: string) =>
        this.#db.run('INSERT INTO moments (clip, kind, start, text) VALUES (?, ?, ?, ?)', clipKey, kind, start, text)
      for (const { start, text } of found.segments) add('segment', start, text)
      // Without a known time, a search leads to the segment.
      for (const { start, text, segment } of found.events) add('event', start ?? found.segments[segment]?.start ?? 0, text)
    })
    return { settings, found, created }
  }

  /** Returns whether there were any. */
  remove(clipKey: number): boolean {
    return this.#db.run('DELETE FROM clip_events WHERE clip = ?', clipKey) > 0
  }

  /** Returns the ids of all clips with events, newest first. */
  clips(): readonly string[] {
    return this.#db
      .all('SELECT clips.id FROM clip_events JOIN clips ON clips.key = clip_events.clip ORDER BY clip_events.created DESC')
      .map(({ id }) => String(id))
  }

  models(): readonly string[] {
    return this.#db
      .all(`SELECT DISTINCT ${EVENTS_MODEL} AS model FROM clip_events`)
      .flatMap(({ model }) => (typeof model === 'string' ? [model] : []))
  }

  /** Moves the events of one clip to another, unless that one has events of its own. */
  move(fromClipKey: number, intoClipKey: number): void {
    this.#db.run('UPDATE OR IGNORE clip_events SET clip = ? WHERE clip = ?', intoClipKey, fromClipKey)
  }
}

function eventsOf({ settings, found, created }: Row): EventsOfClip | null {
  const events = storedJson(found, clipEventsSchema.nullable(), null)
  return events && { settings: storedJson(settings, findEventsSettingsSchema, {}), found: events, created: Number(created) }
}
