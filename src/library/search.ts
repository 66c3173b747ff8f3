import { z } from 'zod'
import type { Found } from '../shared/contract/base.ts'
import type { ChatSummary } from '../shared/contract/chats.ts'
import type { Hit, Search, SnippetPart } from '../shared/contract/library.ts'
import { TarsierError } from '../shared/errors.ts'
import { SUMMARIES, summaryOf } from './chats.ts'
import type { Database, Row } from './database.ts'

/** Markers that FTS5 puts around matches. They cannot be typed; if a text contains them, only its highlighting is wrong. */
const OPEN = '\u0002'
const CLOSE = '\u0003'
const MAX_SNIPPETS = 3
/** Kind of a clip; `video` if its metadata cannot be parsed. */
const KIND = "CASE WHEN json_valid(clips.facts) THEN json_extract(clips.facts, '$.kind') ELSE 'video' END"
/** Number of characters of the answer shown without a search text. */
const BEGINNING = 200

/** A found conversation, with the path of its clip's file. */
export type FoundChat = Omit<Hit, 'clip'> & { readonly clip: Omit<Hit['clip'], 'present'> & { readonly path: string } }

/** Finds conversations where the clip's name or a turn contains all words, newest first. */
export function searchLibrary(db: Database, search: Search): Found<FoundChat> {
  const words = wordsOf(search.text)
  if (words === null) return { items: [], total: 0 }
  const where: string[] = []
  const values: (string | number)[] = []
  const also = (condition: string, ...given: readonly (string | number)[]) => {
    where.push(condition)
    values.push(...given)
  }
  if (words !== '') {
    also(
      `(chats.id IN (SELECT chat FROM turns WHERE key IN (SELECT rowid FROM turn_words WHERE turn_words MATCH ?))
        OR chats.clip IN (SELECT rowid FROM clip_words WHERE clip_words MATCH ?))`,
      words,
      words,
    )
  } else also('EXISTS (SELECT 1 FROM turns WHERE chat = chats.id)')
  if (search.model !== undefined) also('EXISTS (SELECT 1 FROM turns WHERE chat = chats.id AND turns.model = ?)', search.model)
  if (search.folder !== undefined)
    also(
      '(clips.folder = ? OR substr(clips.folder, 1, ?) IN (?, ?))',
      search.folder,
      search.folder.length + 1,
      `${search.folder}/`,
      `${search.folder}\\`,
    )
  if (search.kind !== undefined) also(`${KIND} = ?`, search.kind)
  if (search.from !== undefined) also('chats.updated >= ?', search.from)
  if (search.to !== undefined) also('chats.updated < ?', search.to)

  const total = Number(
    db.get(`SELECT count(*) AS total FROM chats JOIN clips ON clips.key = chats.clip WHERE ${where.join(' AND ')}`, ...values)?.total,
  )
  const chats = db
    .all(
      `${SUMMARIES} WHERE ${where.join(' AND ')} ORDER BY chats.updated DESC, chats.id DESC LIMIT ? OFFSET ?`,
      ...values,
      search.limit,
      search.offset ?? 0,
    )
    .map(summaryOf)
  return { items: chats.map((chat) => hitOf(db, chat, words)), total }
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
  return words.map((word, i) => anyForm(word, unfinished && i === words.length - 1 ? '*' : '')).join(' AND ')
}

/**
 * Matches a word in both Unicode normalization forms if they differ: macOS decomposes file names, keyboards produce composed characters, and
 * FTS5 compares code points.
 */
function anyForm(word: string, suffix: string): string {
  const forms = new Set([word.normalize('NFC'), word.normalize('NFD')])
  const phrases = [...forms].map((form) => `"${form}"${suffix}`)
  return phrases.length === 1 ? phrases.join('') : `(${phrases.join(' OR ')})`
}

/** Splits a text at FTS5's markers. */
export function partsOf(marked: string): SnippetPart[] {
  return marked
    .split(new RegExp(`(${OPEN}[^${CLOSE}]*${CLOSE})`))
    .filter((part) => part !== '')
    .map((part) => (part.startsWith(OPEN) ? { text: part.slice(1, -1), hit: true } : { text: part, hit: false }))
}

const clipRow = z.object({ key: z.int(), name: z.string(), path: z.string(), kind: z.enum(['video', 'image', 'gif']).catch('video') })

function hitOf(db: Database, chat: ChatSummary, words: string): FoundChat {
  const row = db.get(`SELECT key, name, path, ${KIND} AS kind FROM clips WHERE id = ?`, chat.clip)
  if (!row) throw new TarsierError('internal', 'A conversation has no clip. Please report it.')
  const { key, name, path, kind } = clipRow.parse(row)
  return {
    chat,
    clip: { handle: chat.clip, name, kind, path },
    snippets: words === '' ? beginning(db, chat.id) : snippets(db, chat.id, key, words),
  }
}

function beginning(db: Database, chat: string): Hit['snippets'] {
  const row = db.get('SELECT substr(text, 1, ?) AS text FROM turns WHERE chat = ? AND position = 0', BEGINNING, chat)
  return row ? [{ turn: 0, field: 'answer', parts: [{ text: String(row.text), hit: false }] }] : []
}

function snippets(db: Database, chat: string, clipKey: number, words: string): Hit['snippets'] {
  const found: Hit['snippets'][number][] = []
  const name = db.get(
    `SELECT highlight(clip_words, 0, '${OPEN}', '${CLOSE}') AS name FROM clip_words WHERE clip_words MATCH ? AND rowid = ?`,
    words,
    clipKey,
  )
  if (name) found.push({ turn: 0, field: 'name', parts: partsOf(String(name.name)) })
  const rows: readonly Row[] = db.all(
    `SELECT turns.position, snippet(turn_words, 0, '${OPEN}', '${CLOSE}', '…', 24) AS question, snippet(turn_words, 1, '${OPEN}', '${CLOSE}', '…', 24) AS text
     FROM turn_words JOIN turns ON turns.key = turn_words.rowid WHERE turn_words MATCH ? AND turns.chat = ? ORDER BY turns.position LIMIT ?`,
    words,
    chat,
    MAX_SNIPPETS,
  )
  for (const row of rows) {
    for (const [field, text] of [
      ['answer', String(row.text)],
      ['question', String(row.question)],
    ] as const) {
      if (text.includes(OPEN)) found.push({ turn: Number(row.position), field, parts: partsOf(text) })
    }
  }
  return found.slice(0, MAX_SNIPPETS)
}
