import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { MediaInfo } from '../engine/media/types.ts'
import { TarsierError } from '../shared/errors.ts'
import type { Chats } from './chats.ts'
import type { StoredClipEvents } from './clip-events.ts'
import type { Database, Row } from './database.ts'
import { newId } from './ids.ts'
import { storedJson, storedMetadataSchema } from './stored-json.ts'

/** A file that the user opened, with its last known path and properties. Copies with the same content are separate clips. */
export interface StoredClip {
  readonly key: number
  readonly id: string
  /** Path of the file. Uploads with the same content share one file. */
  readonly path: string
  /** Path as the user gave it. For an upload: its name with the folders that the browser sent. */
  readonly given: string
  readonly name: string
  readonly bytes: number
  /** Time of the last change in milliseconds; used with the size to detect changes. */
  readonly modified: number
  /** SHA-256 of the content; null until it is computed. */
  readonly hash: string | null
  readonly facts: MediaInfo
  /** Whether the file is an uploaded copy. */
  readonly uploaded: boolean
}

/** Current properties of a file. */
export type SeenFile = Pick<StoredClip, 'path' | 'given' | 'name' | 'bytes' | 'modified' | 'facts' | 'uploaded'> & {
  readonly hash?: string | null
}

/** Clips of which {@link Clips.removeUnused} removes the unused ones: those opened before a time in milliseconds since 1970, or those with these ids. */
export type UnusedClips = { readonly openedBefore: number } | { readonly ids: readonly string[] }

/** The elements of a JSON array. */
const LISTED = '(SELECT value FROM json_each(?))'
const COLUMNS = 'key, id, path, given, name, bytes, modified, hash, facts, uploaded'

export class Clips {
  readonly #db: Database
  readonly #chats: Chats
  readonly #events: StoredClipEvents

  constructor(db: Database, chats: Chats, events: StoredClipEvents) {
    this.#db = db
    this.#chats = chats
    this.#events = events
  }

  /** Throws `nothing-found` if the clip does not exist. */
  get(id: string): StoredClip {
    const clip = this.find(id)
    if (clip) return clip
    throw new TarsierError('nothing-found', 'The library no longer contains this clip. Open its file again.', { details: { clip: id } })
  }

  /** Returns null if the clip does not exist. */
  find(id: string): StoredClip | null {
    return one(this.#db.get(`SELECT ${COLUMNS} FROM clips WHERE id = ?`, id))
  }

  byPath(path: string): StoredClip | null {
    return one(this.#db.get(`SELECT ${COLUMNS} FROM clips WHERE path = ? ORDER BY key DESC LIMIT 1`, path))
  }

  /** Returns clips with a size, as candidates for the same content. */
  bySize(bytes: number): readonly StoredClip[] {
    return this.#db.all(`SELECT ${COLUMNS} FROM clips WHERE bytes = ? ORDER BY key`, bytes).map(clipOf)
  }

  /** Adds a clip, under a new id or the one that it has in another library. */
  add(file: SeenFile, id = newId()): StoredClip {
    this.#db.run(
      'INSERT INTO clips (id, path, folder, given, name, bytes, modified, hash, facts, uploaded, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      ...fileColumns(file),
      Date.now(),
    )
    return this.get(id)
  }

  /** Updates a clip whose file was moved or changed, and resets its thumbnail. */
  update(id: string, file: SeenFile): StoredClip {
    this.#db.run(
      'UPDATE clips SET path = ?, folder = ?, given = ?, name = ?, bytes = ?, modified = ?, hash = ?, facts = ?, uploaded = ?, thumbnail = NULL WHERE id = ?',
      ...fileColumns(file),
      id,
    )
    return this.get(id)
  }

  setHash(id: string, hash: string): void {
    this.#db.run('UPDATE clips SET hash = ? WHERE id = ?', hash, id)
  }

  thumbnail(id: string): Uint8Array | null {
    const value = this.#db.get('SELECT thumbnail FROM clips WHERE id = ?', id)?.thumbnail
    return value instanceof Uint8Array ? value : null
  }

  setThumbnail(id: string, jpeg: Uint8Array): void {
    this.#db.run('UPDATE clips SET thumbnail = ? WHERE id = ?', jpeg, id)
  }

  /** Moves all conversations, batch items and events of `from` to `into`, and removes `from`. Events of `into` are kept. */
  merge(from: StoredClip, into: StoredClip): void {
    this.#db.transaction(() => {
      this.#chats.move(from, into)
      this.#events.move(from.key, into.key)
      this.#db.run('UPDATE batch_items SET clip = ? WHERE clip = ?', into.key, from.key)
      this.#db.run('DELETE FROM clips WHERE key = ?', from.key)
    })
  }

  /**
   * Removes and returns those of the given clips that nothing refers to: no conversation, not even an empty one, no batch item and no events. Those with the
   * ids in `keep` stay.
   */
  removeUnused(which: UnusedClips, keep: readonly string[] = []): readonly StoredClip[] {
    const { openedBefore, ids } = { openedBefore: 0, ids: [], ...which }
    const unused = `(created < ? OR id IN ${LISTED}) AND id NOT IN ${LISTED} AND key NOT IN (SELECT clip FROM chats) AND key NOT IN (SELECT clip FROM batch_items) AND key NOT IN (SELECT clip FROM clip_events)`
    const values = [openedBefore, JSON.stringify(ids), JSON.stringify([...keep, ...this.#chats.clipsOfDrafts()])] as const
    return this.#db.transaction(() => {
      const clips = this.#db.all(`SELECT ${COLUMNS} FROM clips WHERE ${unused}`, ...values).map(clipOf)
      this.#db.run(`DELETE FROM clips WHERE ${unused}`, ...values)
      return clips
    })
  }

  folders(): readonly string[] {
    return this.#db
      .all(
        'SELECT DISTINCT folder FROM clips WHERE uploaded = 0 AND (key IN (SELECT clip FROM chats) OR key IN (SELECT clip FROM clip_events)) ORDER BY folder',
      )
      .map(({ folder }) => String(folder))
  }
}

/** Returns the last part of a path. */
export function nameOf(path: string): string {
  return basename(path)
}

function one(row: Row | undefined): StoredClip | null {
  return row ? clipOf(row) : null
}

const clipRow = z.object({
  key: z.int(),
  id: z.string(),
  path: z.string(),
  given: z.string(),
  name: z.string(),
  bytes: z.number(),
  modified: z.number(),
  hash: z.string().nullable(),
  facts: z.unknown(),
  uploaded: z.number(),
})

function clipOf(row: Row): StoredClip {
  const clip = clipRow.parse(row)
  const facts = storedJson(clip.facts, storedMetadataSchema, null)
  return {
    ...clip,
    // A file whose metadata cannot be parsed counts as changed, so that it is probed again.
    modified: facts === null ? -1 : clip.modified,
    facts: facts ?? unknownMetadata(clip.path),
    uploaded: clip.uploaded === 1,
  }
}

function unknownMetadata(path: string): MediaInfo {
  const nothing = {
    width: 0,
    height: 0,
    pixelAspect: 1,
    rotation: 0,
    frameCount: 0,
    rate: 0,
    constantRate: true,
    duration: 0,
    bytes: 0,
  } as const
  return { ...nothing, path, kind: 'video', container: '', codec: '', pixelFormat: '', startTimecode: null, notices: [] }
}

/** Values of path, folder, given, name, bytes, modified, hash, facts and uploaded, in this order. */
function fileColumns(file: SeenFile) {
  return [
    file.path,
    dirname(file.path),
    file.given,
    file.name,
    file.bytes,
    file.modified,
    file.hash ?? null,
    JSON.stringify(file.facts),
    Number(file.uploaded),
  ] as const
}
