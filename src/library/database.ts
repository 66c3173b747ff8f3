import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite'
import { isFolderFull, writeFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'
import { migrations } from './migrations.ts'

/** Columns by name. Tables are strict: what a column may hold, {@link migrations} say, and whoever reads a row parses it with a schema of the same. */
export type Row = Readonly<Record<string, unknown>>
type Value = string | number | null | Uint8Array

/**
 * SQLite with a write-ahead log: whatever a call has returned from is on disk, and a process that dies at any instruction loses nothing of it.
 * One process at a time holds it; the lock is the operating system's and goes with the process.
 * Throws `library-busy`, `library-damaged`, `disk-full`, `write-failed`.
 */
export class Database implements Disposable {
  readonly #path: string
  readonly #lock: DatabaseSyncInstance
  readonly #db: DatabaseSyncInstance
  readonly #statements = new Map<string, StatementSyncInstance>()
  #depth = 0

  constructor(path: string) {
    this.#path = path
    this.#lock = lockOf(path)
    let db: DatabaseSyncInstance | null = null
    try {
      db = new DatabaseSync(path, { timeout: 1000 })
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF')
      this.#db = db
      this.#migrate()
    } catch (error) {
      db?.close()
      this.#lock.close()
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

  /** All that `work` does, or nothing of it. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work()
    this.#guarded(() => this.#db.exec('BEGIN IMMEDIATE'))
    this.#depth += 1
    try {
      const result = work()
      this.#guarded(() => this.#db.exec('COMMIT'))
      return result
    } catch (error) {
      // A full disk may have rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth -= 1
    }
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
    if (this.#lock.isOpen) this.#lock.close()
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

  #migrate(): void {
    const version = Number(this.get('PRAGMA user_version')?.user_version ?? 0)
    if (version > migrations.length) {
      throw new TarsierError(
        'library-damaged',
        `${this.#path} was written by a newer Tarsier (form ${version}, this one knows ${migrations.length}). Update Tarsier, or use another home folder.`,
        { details: { found: version, expected: migrations.length } },
      )
    }
    migrations.slice(version).forEach((sql, i) => {
      this.transaction(() => this.#db.exec(`${sql}; PRAGMA user_version = ${version + i + 1}`))
    })
  }
}

/**
 * The lock of one process, in a database of nothing but a lock: Node has none for files, and the library's own connection keeps
 * its file locks until its statements are collected.
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

/** SQLite's primary result codes that users can do something about. */
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
      `Another Tarsier is running on the library ${path}. Close it, or give this one another home folder.`,
      { cause },
    )
  if (DAMAGED.includes(primary))
    return new TarsierError(
      'library-damaged',
      `The library ${path} is damaged. Move it away: a new one is begun, and an export can be imported into it.`,
      { cause },
    )
  // Where SQLite cannot make one of its files it says only that it could not open it.
  const unwritable = UNWRITABLE.includes(primary)
  const full = primary === FULL || (unwritable && isFolderFull(dirname(path)))
  const failure = writeFailure(`${path} could not be opened or written`, cause, {
    ifFull: 'Make room and try again; nothing that was kept is lost.',
    ...((full || unwritable) && { full }),
  })
  if (failure instanceof TarsierError) return failure
  return new TarsierError('internal', `The library failed: ${message}. Please report it.`, { cause })
}
