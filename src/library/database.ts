import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite'
import { isFolderFull, writeFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'
import { migrations } from './migrations.ts'
import { indexTriggers, searchable } from './search-index.ts'

/** Columns by name. Tables are STRICT: {@link migrations} define the column types, and readers parse rows with a matching schema. */
export type Row = Readonly<Record<string, unknown>>
type Value = string | number | null | Uint8Array

export interface DatabaseOptions {
  /** Opens it beside the process that has it open; changes fail. Throws `library-busy` if that process is of another version. Defaults to false. */
  readonly readOnly?: boolean
}

/**
 * SQLite database with a write-ahead log. Changes are on disk when a call returns, and survive a crash at any point. Only one process can open
 * it for changes; the operating system releases the lock when the process ends. Throws `library-busy`, `library-damaged`, `disk-full`, `write-failed`.
 */
export class Database implements Disposable {
  readonly #path: string
  readonly #lock: DatabaseSyncInstance | null
  readonly #db: DatabaseSyncInstance
  readonly #statements = new Map<string, StatementSyncInstance>()
  #depth = 0

  constructor(path: string, { readOnly = false }: DatabaseOptions = {}) {
    this.#path = path
    this.#lock = readOnly ? null : lockOf(path)
    let db: DatabaseSyncInstance | null = null
    try {
      db = new DatabaseSync(path, { readOnly, timeout: 1000 })
      if (!readOnly) db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
      db.exec('PRAGMA trusted_schema = OFF')
      this.#db = db
      if (readOnly) this.#expectCurrent()
      else {
        db.function('searchable', { deterministic: true }, searchable)
        this.#migrate()
        db.exec(indexTriggers)
      }
    } catch (error) {
      db?.close()
      this.#lock?.close()
      throw failureOf(path, error)
    }
  }

  run(sql: string, ...values: readonly Value[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).changes))
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as Row | undefined)
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as Row[])
  }

  /** Runs `work` in a transaction: all its changes are saved, or none. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work()
    this.#guarded(() => this.#db.exec('BEGIN IMMEDIATE'))
    this.#depth += 1
    try {
      const result = work()
      this.#guarded(() => this.#db.exec('COMMIT'))
      return result
    } catch (error) {
      // SQLite may already have rolled back, for example on a full disk.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth -= 1
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
    if (this.#lock?.isOpen) this.#lock.close()
  }

  #statement(sql: string): StatementSyncInstance {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw failureOf(this.#path, error)
    }
  }

  get #version(): number {
    return Number(this.get('PRAGMA user_version')?.user_version ?? 0)
  }

  #expectCurrent(): void {
    if (this.#version !== migrations.length)
      throw new TarsierError('library-busy', `The library ${this.#path} is in use by another version of Tarsier. Close it, and try again.`)
  }

  #migrate(): void {
    const version = this.#version
    if (version > migrations.length) {
      throw new TarsierError(
        'library-damaged',
        `${this.#path} was written by a newer version of Tarsier (library version ${version}, supported up to ${migrations.length}). Update Tarsier, or use another home folder.`,
        { details: { found: version, expected: migrations.length } },
      )
    }
    migrations.slice(version).forEach((sql, i) => {
      this.transaction(() => this.#db.exec(`${sql}; PRAGMA user_version = ${version + i + 1}`))
    })
  }
}

/**
 * Opens the process lock, a separate database that is used only for locking: Node has no file locks, and the library's own connection keeps its
 * locks until its statements are garbage-collected.
 */
function lockOf(path: string): DatabaseSyncInstance {
  let lock: DatabaseSyncInstance | null = null
  try {
    mkdirSync(dirname(path), { recursive: true })
    lock = new DatabaseSync(`${path}-lock`, { timeout: 100 })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    throw failureOf(path, error)
  }
}

/** SQLite's primary result codes that users can act on. */
const BUSY = [5, 6]
const DAMAGED = [11, 26]
const FULL = 13
const UNWRITABLE = [8, 10, 14, 23]

function failureOf(path: string, cause: unknown): TarsierError {
  if (cause instanceof TarsierError) return cause
  const { errcode, message } = cause as { errcode?: number; message?: string }
  const primary = (errcode ?? 0) & 0xff
  if (BUSY.includes(primary))
    return new TarsierError(
      'library-busy',
      `The library ${path} is in use by another Tarsier process. Close it, or use another home folder.`,
      { cause },
    )
  if (DAMAGED.includes(primary))
    return new TarsierError(
      'library-damaged',
      `The library ${path} is damaged. Move the file to another folder. Tarsier then creates a new library, into which you can import an exported library.`,
      { cause },
    )
  // If SQLite cannot create one of its files, it only reports that it could not open it.
  const unwritable = UNWRITABLE.includes(primary)
  const full = primary === FULL || (unwritable && isFolderFull(dirname(path)))
  const failure = writeFailure(`${path} could not be opened or written`, cause, {
    ifFull: 'Free disk space and try again. No stored data was lost.',
    ...((full || unwritable) && { full }),
  })
  if (failure instanceof TarsierError) return failure
  return new TarsierError('internal', `The library failed: ${message}. Please report it.`, { cause })
}
