import { z } from 'zod'
import type { Found } from '../shared/contract/base.ts'
import type { ChatSummary } from '../shared/contract/chats.ts'
import type { Hit, Search, Snippet, SnippetPart } from '../shared/contract/library.ts'
import { TarsierError } from '../shared/errors.ts'
import { summaryOf } from './chat-rows.ts'
import { SUMMARIES } from './chats.ts'
import type { Database, Row } from './database.ts'
import { searchable, shown } from './search-index.ts'

/** Markers that FTS5 puts around matches. They cannot be typed; if a text contains them, only its highlighting is wrong. */
const OPEN = '\u0002'
const CLOSE = '\u0003'
/** Excerpts of the name and the turns, and further ones of the clip's events. */
const MAX_SNIPPETS = 3
/** Matching events of a clip that are compared with its segments. */
const MAX_MATCHES = 200
/** Kind of a clip; `video` if its metadata cannot be parsed. */
const KIND = "CASE WHEN json_valid(clips.facts) THEN json_extract(clips.facts, '$.kind') ELSE 'video' END"
/** Model that found the events of a clip; null if it cannot be read. */
export const EVENTS_MODEL = "CASE WHEN json_valid(clip_events.settings) THEN json_extract(clip_events.settings, '$.model') END"
/** Number of characters of the answer shown without a search text. */
const BEGINNING = 200

/** A found conversation or clip, with the path of the clip's file. */
export type FoundClip = Omit<Hit, 'clip'> & { readonly clip: Omit<Hit['clip'], 'present'> & { readonly path: string } }

/** A condition of SQL with its values. */
interface Condition {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

const CHATS = 'FROM chats JOIN clips ON clips.key = chats.clip'
/** Clips with stored events. */
const CLIPS = 'FROM clip_events JOIN clips ON clips.key = clip_events.clip'
const NAMED = 'SELECT rowid FROM clip_words WHERE clip_words MATCH ?'
/** Turns of which another version of the answer matches. */
const ANSWERED = 'SELECT turn FROM turn_versions WHERE key IN (SELECT rowid FROM version_words WHERE version_words MATCH ?)'
/** Clips of which a segment or an event matches. */
const SHOWING = 'SELECT clip FROM moments WHERE key IN (SELECT rowid FROM moment_words WHERE moment_words MATCH ?)'

/**
 * Finds conversations where the clip's name, a turn, another version of an answer, or an event or segment of the clip contains all words, and clips with events that no
 * conversation is about; newest first.
 */
export function searchLibrary(db: Database, search: Search): Found<FoundClip> {
  const words = wordsOf(search.text)
  if (words === null) return { items: [], total: 0 }
  const [chats, clips] = [whereOf(chatConditions(words, search)), whereOf(clipConditions(words, search))]
  const count = (from: string, where: Condition) =>
    Number(db.get(`SELECT count(*) AS total ${from} WHERE ${where.sql}`, ...where.values)?.total)
  // Only conditions on the file need the clips, and looking up each would double the time.
  const aboutFiles = fileConditions(search).length > 0
  const chatCount = count(aboutFiles ? CHATS : 'FROM chats', chats)
  const clipCount = count(aboutFiles ? CLIPS : 'FROM clip_events', clips)
  const order = 'ORDER BY updated DESC, id DESC LIMIT ? OFFSET ?'
  const { limit, offset = 0 } = search
  // Each half is limited by itself: indices give both in order, but the union would sort all rows.
  const half = (select: string, { sql, values }: Condition) => ({
    sql: `SELECT * FROM (${select} WHERE ${sql} ${order})`,
    values: [...values, limit + offset, 0],
  })
  const halves = [
    half(`SELECT chats.id AS id, 1 AS chat, chats.updated AS updated ${CHATS}`, chats),
    ...(clipCount === 0 ? [] : [half(`SELECT clips.id AS id, 0 AS chat, clip_events.created AS updated ${CLIPS}`, clips)]),
  ]
  const rows = db.all(
    `${halves.map(({ sql }) => sql).join(' UNION ALL ')} ${order}`,
    ...halves.flatMap(({ values }) => values),
    limit,
    offset,
  )
  return { items: rows.map((row) => hitOf(db, foundRow.parse(row), words)), total: chatCount + clipCount }
}

function chatConditions(words: string, search: Search): Condition[] {
  const { model, from, to } = search
  return [
    words === ''
      ? { sql: 'EXISTS (SELECT 1 FROM turns WHERE chat = chats.id)', values: [] }
      : {
          sql: `(chats.id IN (SELECT chat FROM turns WHERE key IN (SELECT rowid FROM turn_words WHERE turn_words MATCH ?))
            OR chats.id IN (SELECT chat FROM turns WHERE key IN (${ANSWERED}))
            OR chats.clip IN (${NAMED}) OR chats.clip IN (${SHOWING}))`,
          values: [words, words, words, words],
        },
    ...(model === undefined ? [] : [{ sql: 'EXISTS (SELECT 1 FROM turns WHERE chat = chats.id AND turns.model = ?)', values: [model] }]),
    ...fileConditions(search),
    ...timeConditions('chats.updated', from, to),
  ]
}

function clipConditions(words: string, search: Search): Condition[] {
  const { model, from, to } = search
  return [
    { sql: 'NOT EXISTS (SELECT 1 FROM chats JOIN turns ON turns.chat = chats.id WHERE chats.clip = clip_events.clip)', values: [] },
    ...(words === '' ? [] : [{ sql: `(clip_events.clip IN (${NAMED}) OR clip_events.clip IN (${SHOWING}))`, values: [words, words] }]),
    ...(model === undefined ? [] : [{ sql: `${EVENTS_MODEL} = ?`, values: [model] }]),
    ...fileConditions(search),
    ...timeConditions('clip_events.created', from, to),
  ]
}

function fileConditions({ folder, kind }: Search): Condition[] {
  const inside = { sql: '(clips.folder = ? OR substr(clips.folder, 1, ?) IN (?, ?))' }
  return [
    ...(folder === undefined ? [] : [{ ...inside, values: [folder, folder.length + 1, `${folder}/`, `${folder}\\`] }]),
    ...(kind === undefined ? [] : [{ sql: `${KIND} = ?`, values: [kind] }]),
  ]
}

function timeConditions(column: string, from: number | undefined, to: number | undefined): Condition[] {
  return [
    ...(from === undefined ? [] : [{ sql: `${column} >= ?`, values: [from] }]),
    ...(to === undefined ? [] : [{ sql: `${column} < ?`, values: [to] }]),
  ]
}

function whereOf(conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(' AND '), values: conditions.flatMap(({ values }) => values) }
}

/**
 * Converts a search text to an FTS5 query: all words must match, the last one as a prefix if it may be incomplete. Returns null if the text has
 * no words.
 */
export function wordsOf(text: string): string | null {
  if (text.trim() === '') return ''
  const words = text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu)
  if (!words) return null
  const unfinished = /[\p{L}\p{N}\p{M}\p{Co}]$/u.test(text)
  return words.map((word, i) => `"${searchable(word)}"${unfinished && i === words.length - 1 ? '*' : ''}`).join(' AND ')
}

/** Splits an excerpt at FTS5's markers. */
export function partsOf(marked: string): SnippetPart[] {
  return shown(marked)
    .split(new RegExp(`(${OPEN}[^${CLOSE}]*${CLOSE})`))
    .filter((part) => part !== '')
    .map((part) => (part.startsWith(OPEN) ? { text: part.slice(1, -1), hit: true } : { text: part, hit: false }))
}

const momentRow = z.object({ key: z.int(), field: z.enum(['event', 'segment']), start: z.number(), segment: z.number().nullable() })
const foundRow = z.object({ id: z.string(), chat: z.literal([0, 1]), updated: z.number() })
const clipRow = z.object({
  key: z.int(),
  id: z.string(),
  name: z.string(),
  path: z.string(),
  kind: z.enum(['video', 'image', 'gif']).catch('video'),
})

function hitOf(db: Database, { id, chat: isChat, updated }: z.infer<typeof foundRow>, words: string): FoundClip {
  const chat = isChat ? summaryOf(db.get(`${SUMMARIES} WHERE chats.id = ?`, id) ?? {}) : null
  const row = db.get(`SELECT key, id, name, path, ${KIND} AS kind FROM clips WHERE id = ?`, chat?.clip ?? id)
  if (!row) throw new TarsierError('internal', 'A conversation has no clip. Please report it.')
  const { key, id: handle, ...clip } = clipRow.parse(row)
  return {
    chat,
    clip: { handle, ...clip },
    updated,
    snippets: words === '' ? beginning(db, chat, key) : snippets(db, chat, key, words),
  }
}

function beginning(db: Database, chat: ChatSummary | null, clipKey: number): Snippet[] {
  if (chat) {
    const row = db.get('SELECT substr(text, 1, ?) AS text FROM turns WHERE chat = ? AND position = 0', BEGINNING, chat.id)
    return row ? [{ turn: 0, field: 'answer', parts: [{ text: String(row.text), hit: false }] }] : []
  }
  const first = "SELECT start, substr(text, 1, ?) AS text FROM moments WHERE clip = ? AND kind = 'segment' ORDER BY start LIMIT 1"
  const row = db.get(first, BEGINNING, clipKey)
  return row ? [{ field: 'segment', start: Number(row.start), parts: [{ text: String(row.text), hit: false }] }] : []
}

/** Excerpts of the name, the turns, and the events of the clip; some of each. */
function snippets(db: Database, chat: ChatSummary | null, clipKey: number, words: string): Snippet[] {
  const found: Snippet[] = []
  const name = db.get(
    `SELECT highlight(clip_words, 0, '${OPEN}', '${CLOSE}') AS name FROM clip_words WHERE clip_words MATCH ? AND rowid = ?`,
    words,
    clipKey,
  )
  if (name) found.push({ turn: 0, field: 'name', parts: partsOf(String(name.name)) })
  const rows: readonly Row[] = chat
    ? db.all(
        `SELECT turns.position, snippet(turn_words, 0, '${OPEN}', '${CLOSE}', '…', 24) AS question, snippet(turn_words, 1, '${OPEN}', '${CLOSE}', '…', 24) AS text
         FROM turn_words JOIN turns ON turns.key = turn_words.rowid
         WHERE turn_words MATCH ? AND turn_words.rowid BETWEEN ? AND ? AND turns.chat = ? ORDER BY turns.position LIMIT ?`,
        words,
        ...keysOf(db, 'SELECT min(key) AS first, max(key) AS last FROM turns WHERE chat = ?', chat.id),
        chat.id,
        MAX_SNIPPETS,
      )
    : []
  for (const row of rows) {
    for (const [field, text] of [
      ['answer', String(row.text)],
      ['question', String(row.question)],
    ] as const) {
      if (text.includes(OPEN)) found.push({ turn: Number(row.position), field, parts: partsOf(text) })
    }
  }
  if (chat) found.push(...versions(db, chat, words))
  return [...found.slice(0, MAX_SNIPPETS), ...moments(db, clipKey, words)]
}

/** Matching versions of answers that are not the present one; one of each turn. */
function versions(db: Database, chat: ChatSummary, words: string): Snippet[] {
  const rows = db.all(
    `SELECT turns.position, snippet(version_words, 0, '${OPEN}', '${CLOSE}', '…', 24) AS text
     FROM version_words JOIN turn_versions ON turn_versions.key = version_words.rowid JOIN turns ON turns.key = turn_versions.turn
     WHERE version_words MATCH ? AND turns.chat = ? ORDER BY turns.position, turn_versions.version DESC LIMIT ?`,
    words,
    chat.id,
    MAX_MATCHES,
  )
  const byTurn = new Map(rows.map((row) => [Number(row.position), partsOf(String(row.text))]))
  return [...byTurn].map(([turn, parts]) => ({ field: 'version', turn, parts }))
}

/** Range of keys in which FTS5 need look for matches: it knows nothing of other columns, and would go through all matches of all clips. */
function keysOf(db: Database, sql: string, of: string | number): [first: number, last: number] {
  const { first, last } = db.get(sql, of) ?? {}
  return [Number(first ?? 0), Number(last ?? -1)]
}

/** Matching events, and matching segments without such an event: their text contains those of their events. */
function moments(db: Database, clipKey: number, words: string): Snippet[] {
  const rows = db
    .all(
      `SELECT moments.key, moments.kind AS field, moments.start,
         (SELECT max(start) FROM moments AS segments WHERE segments.clip = moments.clip AND kind = 'segment' AND segments.start <= moments.start) AS segment
       FROM moment_words JOIN moments ON moments.key = moment_words.rowid
       WHERE moment_words MATCH ? AND moment_words.rowid BETWEEN ? AND ? AND moments.clip = ? ORDER BY moments.kind, moments.start LIMIT ?`,
      words,
      ...keysOf(db, 'SELECT min(key) AS first, max(key) AS last FROM moments WHERE clip = ?', clipKey),
      clipKey,
      MAX_MATCHES,
    )
    .map((row) => momentRow.parse(row))
  const withEvent = new Set(rows.filter(({ field }) => field === 'event').map(({ segment }) => segment))
  const marked = `SELECT snippet(moment_words, 0, '${OPEN}', '${CLOSE}', '…', 24) AS text FROM moment_words WHERE moment_words MATCH ? AND rowid = ?`
  return rows
    .filter(({ field, segment }) => field === 'event' || !withEvent.has(segment))
    .toSorted((a, b) => a.start - b.start)
    .slice(0, MAX_SNIPPETS)
    .map(({ key, field, start }) => ({ field, start, parts: partsOf(String(db.get(marked, words, key)?.text ?? '')) }))
}
