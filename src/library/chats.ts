import { z } from 'zod'
import { type AskSettings, askSettingsSchema } from '../shared/contract/asking.ts'
import type { ChatSummary, Turn } from '../shared/contract/chats.ts'
import { type ErrorData, TarsierError } from '../shared/errors.ts'
import type { TimedText } from '../shared/timed-text.ts'
import { answerColumns, type Draft, type ExportedTurn, summaryOf, summaryOfDraft, turnOf } from './chat-rows.ts'
import type { Database } from './database.ts'
import { newId } from './ids.ts'
import { storedJson } from './stored-json.ts'

/** Number of characters of the first question that are used as the default title. */
const TITLE = 80
/** Largest number of empty conversations; the oldest are removed first. */
const MAX_DRAFTS = 10_000

const SUMMARY = `
  chats.id, clips.id AS clip, chats.created, chats.updated,
  COALESCE(chats.title, (SELECT substr(question, 1, ${TITLE}) FROM turns WHERE chat = chats.id AND position = 0), '') AS title,
  (SELECT count(*) FROM turns WHERE chat = chats.id) AS turns,
  (SELECT model FROM turns WHERE chat = chats.id ORDER BY position DESC LIMIT 1) AS model`
/** A clip without a hash has no copies, because NULL is not equal to NULL. */
const ABOUT = '(chats.clip = ? OR clips.hash = (SELECT hash FROM clips WHERE key = ?))'
export const SUMMARIES = `SELECT ${SUMMARY} FROM chats JOIN clips ON clips.key = chats.clip`

/** Columns of an answer, which each version of it has. */
const ANSWER = 'text, settings, model, state, answer, error, timed, created'
const ANSWER_VALUES = '?, ?, ?, ?, ?, ?, ?, ?'
const COUNT = '(SELECT count(*) FROM turn_versions WHERE turn = turns.key) + 1 AS versions'
const TURNS = `SELECT *, ${COUNT} FROM turns`
const VERSIONS = `SELECT key, text, version, ${COUNT} FROM turns WHERE chat = ? AND position = ?`
const versionRow = z.object({ key: z.int(), text: z.string(), version: z.int(), versions: z.int() })

export interface NewTurn {
  readonly question: string
  readonly settings: AskSettings
  readonly model: string
}

export interface TurnBegin {
  /** Whether the answer at this position is kept as a version of the new one. */
  readonly keepAnswer?: boolean
  /** Changes in the same transaction. */
  readonly alsoKeep?: () => void
}

export type TurnEnd =
  | { readonly state: 'done'; readonly text: string; readonly answer: NonNullable<Turn['answer']> }
  | { readonly state: 'stopped' | 'cut-off'; readonly text: string }
  | { readonly state: 'failed'; readonly text: string; readonly error: ErrorData }

/** What identifies a clip in the database, and outside it. */
interface ClipName {
  readonly key: number
  readonly id: string
}

export class Chats {
  readonly #db: Database
  /** Conversations without turns are kept in memory only, so that a killed process leaves no empty conversations behind. */
  readonly #drafts = new Map<string, Draft>()

  constructor(db: Database) {
    this.#db = db
    // Only one process can open the library, so turns in state `running` were interrupted when the last process died.
    db.run("UPDATE turns SET state = 'cut-off' WHERE state = 'running'")
    // Older versions saved empty conversations. Those with a custom title are kept.
    db.run('DELETE FROM chats WHERE title IS NULL AND NOT EXISTS (SELECT 1 FROM turns WHERE chat = chats.id)')
  }

  /** Creates a conversation. It is saved with its first turn or custom title, and lost at the end of the process before that. */
  create(clipKey: number): ChatSummary {
    const id = newId()
    this.#drafts.set(id, { clip: this.#handleOf(clipKey), created: Date.now() })
    for (const oldest of this.#drafts.keys()) {
      if (this.#drafts.size <= MAX_DRAFTS) break
      this.#drafts.delete(oldest)
    }
    return this.summary(id)
  }

  /** Throws `nothing-found`. */
  summary(id: string): ChatSummary {
    const row = this.#db.get(`${SUMMARIES} WHERE chats.id = ?`, id)
    if (row) return summaryOf(row)
    const draft = this.#drafts.get(id)
    if (draft && this.#db.get('SELECT 1 FROM clips WHERE id = ?', draft.clip)) return summaryOfDraft(id, draft)
    throw noConversation(id)
  }

  /** Returns the ids of all conversations with turns, newest first. */
  ids(): readonly string[] {
    return this.#db
      .all('SELECT id FROM chats WHERE EXISTS (SELECT 1 FROM turns WHERE chat = chats.id) ORDER BY updated DESC')
      .map(({ id }) => String(id))
  }

  /** Returns conversations about a clip or a copy of it, newest first; empty conversations come before all others. */
  about(clipKey: number): readonly ChatSummary[] {
    const clip = this.#handleOf(clipKey)
    const drafts = [...this.#drafts].filter(([, draft]) => draft.clip === clip).map(([id, draft]) => summaryOfDraft(id, draft))
    return [
      ...drafts.reverse(),
      ...this.#db.all(`${SUMMARIES} WHERE ${ABOUT} ORDER BY chats.updated DESC`, clipKey, clipKey).map(summaryOf),
    ]
  }

  /** Returns the handles of clips with empty conversations. */
  clipsOfDrafts(): readonly string[] {
    return [...new Set([...this.#drafts.values()].map(({ clip }) => clip))]
  }

  turns(id: string): readonly Turn[] {
    return this.#db.all(`${TURNS} WHERE chat = ? ORDER BY position`, id).map(turnOf)
  }

  rename(id: string, title: string): void {
    this.#keeping(id, () => this.#db.run('UPDATE chats SET title = ? WHERE id = ?', title, id))
  }

  /** Returns the handle of the clip that the conversation was about; null if it did not exist. */
  remove(id: string): string | null {
    const draft = this.#drafts.get(id)
    this.#drafts.delete(id)
    const clip = draft?.clip ?? this.#db.get('SELECT clips.id FROM chats JOIN clips ON clips.key = chats.clip WHERE chats.id = ?', id)?.id
    this.#db.run('DELETE FROM chats WHERE id = ?', id)
    return clip === undefined ? null : String(clip)
  }

  /** Moves conversations from one clip to another. */
  move(from: ClipName, into: ClipName): void {
    this.#db.run('UPDATE chats SET clip = ? WHERE clip = ?', into.key, from.key)
    for (const [id, draft] of this.#drafts) if (draft.clip === from.id) this.#drafts.set(id, { ...draft, clip: into.id })
  }

  /** Starts a turn at a position and removes the turns from that position on. */
  begin(id: string, position: number, turn: NewTurn, { keepAnswer = false, alsoKeep }: TurnBegin = {}): Turn {
    return this.#keeping(id, () => {
      const now = Date.now()
      if (keepAnswer) {
        this.#drop(id, position + 1)
        this.#startVersion(id, position, turn, now)
      } else {
        this.#drop(id, position)
        this.#db.run(
          "INSERT INTO turns (chat, position, question, text, settings, model, state, created) VALUES (?, ?, ?, '', ?, ?, 'running', ?)",
          id,
          position,
          turn.question,
          JSON.stringify(turn.settings),
          turn.model,
          now,
        )
      }
      this.#touch(id, now)
      alsoKeep?.()
      return this.turn(id, position)
    })
  }

  /** Keeps the answer of a turn as a version, and starts another one after the last. An empty answer is not kept: the other one takes its number. */
  #startVersion(id: string, position: number, { settings, model }: NewTurn, now: number): void {
    const { key, text, version, versions } = versionRow.parse(this.#db.get(VERSIONS, id, position))
    if (text !== '') this.#keepVersion(key)
    this.#db.run(
      "UPDATE turns SET text = '', settings = ?, model = ?, state = 'running', answer = NULL, error = NULL, timed = NULL, created = ?, version = ? WHERE key = ?",
      JSON.stringify(settings),
      model,
      now,
      text === '' ? version : versions,
      key,
    )
  }

  #keepVersion(key: number): void {
    this.#db.run(`INSERT INTO turn_versions (turn, version, ${ANSWER}) SELECT key, version, ${ANSWER} FROM turns WHERE key = ?`, key)
  }

  /** Returns all answers to the question at a position, in their order. */
  versions(id: string, position: number): readonly Turn[] {
    const current = this.turn(id, position)
    const columns = ANSWER.split(', ').map((name) => `v.${name}`)
    const others = this.#db.all(
      `SELECT turns.position, turns.question, v.version, ${current.versions} AS versions, ${columns.join(', ')} FROM turns JOIN turn_versions AS v ON v.turn = turns.key WHERE turns.chat = ? AND turns.position = ?`,
      id,
      position,
    )
    return [...others.map(turnOf), current].sort((a, b) => a.version - b.version)
  }

  /** Makes another version the answer of the last turn. Throws `usage` if there is no such version or later turns refer to the current one. */
  chooseVersion(id: string, position: number, version: number): Turn {
    return this.#db.transaction(() => {
      const turn = this.turn(id, position)
      if (turn.version === version) return turn
      if (version >= turn.versions || this.summary(id).turns > position + 1)
        throw new TarsierError('usage', 'Only the last answer of a conversation has other versions to choose from.', {
          details: { turn: position },
        })
      const { key } = versionRow.parse(this.#db.get(VERSIONS, id, position))
      this.#keepVersion(key)
      const columns = ANSWER.split(', ')
      const chosen = columns.map((name) => `${name} = chosen.${name}`).join(', ')
      this.#db.run(
        `UPDATE turns SET version = chosen.version, ${chosen} FROM turn_versions AS chosen WHERE turns.key = ? AND chosen.turn = turns.key AND chosen.version = ?`,
        key,
        version,
      )
      // A changed text loses its times, so they are set after it.
      this.#db.run(
        'UPDATE turns SET timed = (SELECT timed FROM turn_versions WHERE turn = ? AND version = ?) WHERE key = ?',
        key,
        version,
        key,
      )
      this.#db.run('DELETE FROM turn_versions WHERE turn = ? AND version = ?', key, version)
      return this.turn(id, position)
    })
  }

  #handleOf(clipKey: number): string {
    const handle = this.#db.get('SELECT id FROM clips WHERE key = ?', clipKey)?.id
    if (typeof handle === 'string') return handle
    throw new TarsierError('nothing-found', 'The library no longer contains this clip. Open its file again.')
  }

  /** Runs `work` in a transaction that first saves the conversation if it was only in memory. */
  #keeping<T>(id: string, work: () => T): T {
    const result = this.#db.transaction(() => {
      const draft = this.#drafts.get(id)
      if (draft) {
        const { clip, created } = draft
        const insert = 'INSERT INTO chats (id, clip, created, updated) SELECT ?, key, ?, ? FROM clips WHERE id = ?'
        if (this.#db.run(insert, id, created, created, clip) === 0) throw noConversation(id)
      }
      return work()
    })
    this.#drafts.delete(id)
    return result
  }

  /** Returns the turn at a position. Throws `usage` if there is none. */
  turn(id: string, position: number): Turn {
    const row = this.#db.get(`${TURNS} WHERE chat = ? AND position = ?`, id, position)
    if (row) return turnOf(row)
    throw new TarsierError('usage', 'This conversation does not contain that question. Ask a question first.', {
      details: { turn: position },
    })
  }

  /** Saves the partial text of a running answer. */
  say(id: string, position: number, text: string): void {
    this.#db.run("UPDATE turns SET text = ? WHERE chat = ? AND position = ? AND state = 'running'", text, id, position)
  }

  end(id: string, position: number, end: TurnEnd): Turn {
    const answer = end.state === 'done' ? JSON.stringify(end.answer) : null
    const error = end.state === 'failed' ? JSON.stringify(end.error) : null
    return this.#db.transaction(() => {
      this.#db.run(
        "UPDATE turns SET state = ?, text = ?, answer = ?, error = ? WHERE chat = ? AND position = ? AND state = 'running'",
        end.state,
        end.text,
        answer,
        error,
        id,
        position,
      )
      this.#touch(id, Date.now())
      return this.turn(id, position)
    })
  }

  /** Stores the times of an answer. Nothing is stored if its text has changed. */
  time(id: string, position: number, timed: TimedText): Turn {
    this.#db.run('UPDATE turns SET timed = ? WHERE chat = ? AND position = ? AND text = ?', JSON.stringify(timed), id, position, timed.text)
    return this.turn(id, position)
  }

  /** Replaces the settings and details of a finished answer, whose text stays. */
  reshape(id: string, position: number, settings: AskSettings, answer: NonNullable<Turn['answer']>): Turn {
    this.#db.run(
      "UPDATE turns SET settings = ?, answer = ? WHERE chat = ? AND position = ? AND state = 'done'",
      JSON.stringify(settings),
      JSON.stringify(answer),
      id,
      position,
    )
    return this.turn(id, position)
  }

  /** Removes all turns. */
  clear(id: string): void {
    this.#db.transaction(() => {
      this.#drop(id, 0)
      this.#touch(id, Date.now())
    })
  }

  /** Removes the turns from a position on. */
  #drop(id: string, from: number): void {
    this.#db.run('DELETE FROM turns WHERE chat = ? AND position >= ?', id, from)
  }

  /** Marks questions and answers as changed, with a time that the conversation has not had before. */
  #touch(id: string, now: number): void {
    this.#db.run('UPDATE chats SET updated = max(?, updated + 1) WHERE id = ?', now, id)
  }

  /** Imports a conversation under its own id, with the versions of its answers numbered in their order; returns false if it exists already. */
  restore(
    clipKey: number,
    chat: Pick<ChatSummary, 'id' | 'created' | 'updated'> & { readonly title: string | null },
    turns: readonly ExportedTurn[],
  ): boolean {
    return this.#db.transaction(() => {
      const added = this.#db.run(
        'INSERT INTO chats (id, clip, title, created, updated) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        chat.id,
        clipKey,
        chat.title,
        chat.created,
        chat.updated,
      )
      if (added === 0) return false
      turns.forEach((turn, position) => {
        const { otherVersions = [] } = turn
        // Earlier versions of Tarsier exported answers with equal numbers. The present one is the newest of them.
        const ordered = [...otherVersions, turn].toSorted((a, b) => a.version - b.version)
        this.#db.run(
          `INSERT INTO turns (chat, position, question, version, ${ANSWER}) VALUES (?, ?, ?, ?, ${ANSWER_VALUES})`,
          chat.id,
          position,
          turn.question,
          ordered.indexOf(turn),
          ...answerColumns(turn),
        )
        const { key } = versionRow.parse(this.#db.get(VERSIONS, chat.id, position))
        for (const other of otherVersions) {
          this.#db.run(
            `INSERT INTO turn_versions (turn, version, ${ANSWER}) VALUES (?, ?, ${ANSWER_VALUES})`,
            key,
            ordered.indexOf(other),
            ...answerColumns(other),
          )
        }
      })
      return true
    })
  }

  /** Returns the custom title of a conversation; null if it has none. */
  ownTitle(id: string): string | null {
    const title = this.#db.get('SELECT title FROM chats WHERE id = ?', id)?.title
    return typeof title === 'string' ? title : null
  }

  models(): readonly string[] {
    return this.#db.all('SELECT DISTINCT model FROM turns ORDER BY model').map(({ model }) => String(model))
  }

  /** Returns the last conversation about a clip whose first turn has this question and model, fitting settings, and is done; null if there is none. */
  described(clipKey: number, question: string, model: string, fits: (settings: AskSettings) => boolean): string | null {
    const rows = this.#db.all(
      "SELECT chats.id, turns.settings FROM chats JOIN turns ON turns.chat = chats.id WHERE chats.clip = ? AND turns.position = 0 AND turns.state = 'done' AND turns.question = ? AND turns.model = ? ORDER BY chats.updated DESC",
      clipKey,
      question,
      model,
    )
    const found = rows.find(({ settings }) => fits(storedJson(String(settings), askSettingsSchema, {})))
    return found ? String(found.id) : null
  }
}

function noConversation(id: string): TarsierError {
  return new TarsierError('nothing-found', 'The library no longer contains this conversation.', { details: { chat: id } })
}
