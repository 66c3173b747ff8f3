import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { GuardedSocket } from '../platform/guarded-socket.ts'
import type { TarsierError } from '../shared/errors.ts'
import { databaseError, isTemporary } from './database-error.ts'
import { parseQueueAddress, type QueueAddress } from './queue-address.ts'

export interface DatabaseOptions {
  /** How long lost connections are tried again, in milliseconds. Defaults to 0: the first failure is an error. */
  readonly patience?: number
  /** Largest number of connections. Defaults to 4. */
  readonly connections?: number
  /** Milliseconds after which a statement without an answer counts as a lost connection. Defaults to {@link STATEMENT_MS}. */
  readonly statementMs?: number
  /** Called when the connection is lost, and with null when it is back. */
  readonly onOutage?: (why: TarsierError | null) => void
}

/** Statements, on one connection. */
export interface Connection {
  /** Runs one statement and returns its rows. */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>
}

const CONNECT_MS = 10_000
/** Submitting a thousand lines takes a tenth of a second; a count of all units of a large job, two. */
const STATEMENT_MS = 120_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5000
/** Failures of a transaction that a later try may not have, such as two transactions that wait for each other. */
const CONFLICTS = 5

/**
 * A PostgreSQL database. Every transaction may run more than once: it is repeated when the connection is lost, also while it is being committed, so
 * its statements must give the same result if an earlier attempt was committed.
 */
export class Database implements AsyncDisposable {
  readonly address: QueueAddress
  readonly #pool: pg.Pool
  readonly #options: DatabaseOptions
  #lost = false

  /** Connects with the first statement. Throws `usage` for an invalid address. */
  constructor(url: string, options: DatabaseOptions = {}) {
    this.address = parseQueueAddress(url)
    this.#options = options
    this.#pool = new pg.Pool({
      fallback_application_name: 'tarsier',
      ...this.address.config,
      stream: () => new GuardedSocket(),
      max: options.connections ?? 4,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: options.statementMs ?? STATEMENT_MS,
      keepAlive: true,
      // The server ends transactions of processes that were cut off from it, so that they keep no locks.
      idle_in_transaction_session_timeout: 60_000,
    })
    // A lost connection that is not in use: the next statement reports it.
    this.#pool.on('error', () => {})
  }

  /** Runs one statement in a transaction of its own. */
  async query<Row extends object>(sql: string, values: readonly unknown[], signal: AbortSignal): Promise<Row[]> {
    return await this.#repeated((client) => rowsOf<Row>(client, sql, values), signal)
  }

  /**
   * Runs statements as one transaction. Throws `queue-unreachable` once the patience is over, `queue-denied`, `connections-off`, `disk-full` if the
   * server's disk is full, `queue-failed`, and what `work` throws, after which nothing of it is stored.
   */
  async transaction<T>(work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#repeated(async (client) => {
      await client.query('begin')
      try {
        const result = await work({ query: (sql, values = []) => rowsOf(client, sql, values) })
        await client.query('commit')
        return result
      } catch (error) {
        // Without a connection the server undoes the transaction itself.
        if (isTemporary(error) !== 'lost') await client.query('rollback').catch(() => {})
        throw error
      }
    }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
  }

  async #repeated<T>(work: (client: pg.PoolClient) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { patience = 0, onOutage } = this.#options
    const until = performance.now() + patience
    let wait = FIRST_WAIT_MS
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        const result = await this.#once(work)
        if (this.#lost) {
          this.#lost = false
          onOutage?.(null)
        }
        return result
      } catch (error) {
        const kind = isTemporary(error)
        if (kind === 'no' || (kind === 'conflict' && attempt >= CONFLICTS) || (kind === 'lost' && performance.now() >= until))
          throw databaseError(error, this.address)
        if (kind === 'lost' && !this.#lost) {
          this.#lost = true
          onOutage?.(databaseError(error, this.address) as TarsierError)
        }
        await sleep(wait * (0.5 + Math.random()), undefined, { signal })
        wait = Math.min(LONGEST_WAIT_MS, wait * 2)
      }
    }
  }

  async #once<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    // Without a listener, a connection that is lost between two statements would end the process.
    const onError = (error: Error) => (broken = error)
    client.on('error', onError)
    try {
      return await work(client)
    } catch (error) {
      if (isTemporary(error) === 'lost') broken = error as Error
      throw error
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }
}

async function rowsOf<Row extends object>(client: pg.PoolClient, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const { rows } = await client.query<Row>(sql, [...values])
  return rows
}
