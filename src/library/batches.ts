import { type AskSettings, askSettingsSchema } from '../shared/contract/asking.ts'
import type { Found, Page } from '../shared/contract/base.ts'
import {
  type BatchItem,
  type BatchJob,
  type BatchState,
  type ItemState,
  itemStates,
  type RefusedFile,
  refusedFileSchema,
} from '../shared/contract/batch.ts'
import { type ErrorData, TarsierError } from '../shared/errors.ts'
import type { Database, Row } from './database.ts'
import { newId } from './ids.ts'
import { storedErrorSchema, storedJson } from './stored-json.ts'

/** Number of characters of an answer shown per item. */
const FIRST_WORDS = 200

export interface NewBatch {
  readonly title: string
  readonly question: string | null
  readonly settings: AskSettings
  readonly skipDescribed: boolean
  readonly refused?: readonly RefusedFile[]
}

export type StoredBatch = Omit<BatchJob, 'secondsLeft'> & {
  readonly skipDescribed: boolean
  /** Mean time per clip in milliseconds; null before the first clip is done. */
  readonly meanMilliseconds: number | null
}

/** An item without `progress`, which only running items have. */
export type StoredItem = Omit<BatchItem, 'progress'>

const ITEM = `
  batch_items.id, batch_items.position, clips.id AS clip, clips.name, clips.given, batch_items.state, batch_items.chat, batch_items.error,
  COALESCE((SELECT substr(COALESCE(CASE WHEN json_valid(answer) THEN json_extract(answer, '$.shaped.text') END, text), 1, ${FIRST_WORDS}) FROM turns WHERE turns.chat = batch_items.chat AND turns.position = 0), '') AS first_words
  FROM batch_items JOIN clips ON clips.key = batch_items.clip`

const FIRST_TURN = 'SELECT 1 FROM turns WHERE turns.chat = batch_items.chat AND turns.position = 0'

export class Batches {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
    db.transaction(() => {
      // Items whose answer was complete when the process died are done. Others are restarted, and their partial answers are deleted.
      db.run(`UPDATE batch_items SET state = 'done' WHERE state = 'running' AND EXISTS (${FIRST_TURN} AND turns.state = 'done')`)
      db.run(
        `DELETE FROM chats WHERE id IN (SELECT chat FROM batch_items WHERE state = 'running' AND EXISTS (${FIRST_TURN} AND turns.state = 'running'))`,
      )
      db.run("UPDATE batch_items SET state = 'waiting' WHERE state = 'running'")
      // A batch that was paused while its last clip finished has nothing to resume.
      db.run(
        "UPDATE batches SET state = 'done' WHERE state = 'paused' AND NOT EXISTS (SELECT 1 FROM batch_items WHERE batch = batches.id AND state = 'waiting')",
      )
    })
  }

  create(batch: NewBatch, clipKeys: readonly number[]): StoredBatch {
    const id = newId()
    return this.#db.transaction(() => {
      this.#db.run(
        "INSERT INTO batches (id, title, question, settings, skip_described, refused, state, created) VALUES (?, ?, ?, ?, ?, ?, 'running', ?)",
        id,
        batch.title,
        batch.question,
        JSON.stringify(batch.settings),
        Number(batch.skipDescribed),
        JSON.stringify(batch.refused ?? []),
        Date.now(),
      )
      return this.add(id, clipKeys)
    })
  }

  add(id: string, clipKeys: readonly number[]): StoredBatch {
    return this.#db.transaction(() => {
      let position = Number(this.#db.get('SELECT COALESCE(max(position) + 1, 0) AS next FROM batch_items WHERE batch = ?', id)?.next)
      for (const key of clipKeys) {
        this.#db.run(
          "INSERT INTO batch_items (id, batch, position, clip, state) VALUES (?, ?, ?, ?, 'waiting')",
          newId(),
          id,
          position,
          key,
        )
        position += 1
      }
      return this.get(id)
    })
  }

  /** Throws `nothing-found`. */
  get(id: string): StoredBatch {
    const batch = this.find(id)
    if (batch) return batch
    throw new TarsierError('nothing-found', 'The library no longer contains this batch.', { details: { batch: id } })
  }

  /** Returns null for a removed batch. */
  find(id: string): StoredBatch | null {
    const row = this.#db.get('SELECT * FROM batches WHERE id = ?', id)
    return row ? this.#batchOf(row) : null
  }

  list(limit: number, cursor: string | undefined): Page<StoredBatch> {
    const offset = offsetOf(cursor)
    const items = this.#db
      .all('SELECT * FROM batches ORDER BY created DESC, id LIMIT ? OFFSET ?', limit, offset)
      .map((row) => this.#batchOf(row))
    const total = Number(this.#db.get('SELECT count(*) AS total FROM batches')?.total)
    return { items, total, cursor: nextOffset(offset + items.length, total) }
  }

  items(
    id: string,
    options: { readonly limit: number; readonly offset?: number; readonly state?: ItemState | undefined },
  ): Found<StoredItem> {
    const only = options.state === undefined ? '' : 'AND batch_items.state = ?'
    const values = options.state === undefined ? [id] : [id, options.state]
    const items = this.#db
      .all(`SELECT ${ITEM} WHERE batch = ? ${only} ORDER BY position LIMIT ? OFFSET ?`, ...values, options.limit, options.offset ?? 0)
      .map(itemOf)
    const total = Number(this.#db.get(`SELECT count(*) AS total FROM batch_items WHERE batch = ? ${only}`, ...values)?.total)
    return { items, total }
  }

  item(id: string): StoredItem {
    const row = this.#db.get(`SELECT ${ITEM} WHERE batch_items.id = ?`, id)
    if (row) return itemOf(row)
    throw new TarsierError('nothing-found', 'The batch no longer contains this clip.', { details: { item: id } })
  }

  /** Returns the next waiting item; null if there is none. */
  next(id: string): StoredItem | null {
    const row = this.#db.get(`SELECT ${ITEM} WHERE batch = ? AND batch_items.state = 'waiting' ORDER BY position LIMIT 1`, id)
    return row ? itemOf(row) : null
  }

  /** Returns the ids of running batches, oldest first. */
  running(): readonly string[] {
    return this.#db.all("SELECT id FROM batches WHERE state = 'running' ORDER BY created, id").map(({ id }) => String(id))
  }

  setState(id: string, state: BatchState): void {
    this.#db.run('UPDATE batches SET state = ? WHERE id = ?', state, id)
  }

  setItem(
    id: string,
    change: { readonly state: ItemState; readonly chat?: string | null; readonly error?: ErrorData; readonly milliseconds?: number },
  ): void {
    this.#db.run(
      'UPDATE batch_items SET state = ?, chat = COALESCE(?, chat), error = ?, milliseconds = ? WHERE id = ?',
      change.state,
      change.chat ?? null,
      change.error ? JSON.stringify(change.error) : null,
      change.milliseconds ?? null,
      id,
    )
  }

  /** Sets all failed items, or one failed or skipped item, to waiting. */
  retry(id: string, item: string | undefined): void {
    this.#db.run(
      "UPDATE batch_items SET state = 'waiting', error = NULL, chat = NULL WHERE batch = ? AND state IN ('failed', 'skipped') AND (state = 'failed' OR id = ?) AND (? IS NULL OR id = ?)",
      id,
      item ?? null,
      item ?? null,
      item ?? null,
    )
  }

  remove(id: string): void {
    this.#db.run('DELETE FROM batches WHERE id = ?', id)
  }

  #batchOf(row: Row): StoredBatch {
    const counts = Object.fromEntries(itemStates.map((state) => [state, 0])) as Record<ItemState, number>
    for (const { state, n } of this.#db.all('SELECT state, count(*) AS n FROM batch_items WHERE batch = ? GROUP BY state', String(row.id)))
      counts[state as ItemState] = Number(n)
    const mean = this.#db.get(
      'SELECT avg(milliseconds) AS mean FROM batch_items WHERE batch = ? AND milliseconds IS NOT NULL',
      String(row.id),
    )?.mean
    return {
      id: String(row.id),
      title: String(row.title),
      question: row.question === null ? null : String(row.question),
      settings: storedJson(row.settings, askSettingsSchema, {}),
      skipDescribed: row.skip_described === 1,
      state: row.state as BatchState,
      counts,
      refused: storedJson(row.refused, refusedFileSchema.array(), []),
      created: Number(row.created),
      meanMilliseconds: typeof mean === 'number' ? mean : null,
    }
  }
}

function itemOf(row: Row): StoredItem {
  return {
    id: String(row.id),
    position: Number(row.position),
    clip: String(row.clip),
    name: String(row.name),
    path: String(row.given),
    state: row.state as ItemState,
    excerpt: String(row.first_words),
    chat: row.chat === null ? null : String(row.chat),
    error: storedJson(row.error, storedErrorSchema, null),
  }
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor)
  throw new TarsierError('usage', 'The page cursor is invalid. Start with the first page.')
}

function nextOffset(offset: number, total: number): string | null {
  return offset < total ? String(offset) : null
}
