import type { ClientConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import { TarsierError } from '../shared/errors.ts'

/** Where a queue is, without its password. */
export interface QueueAddress {
  /** For messages and logs: user, host, port and database. */
  readonly shown: string
  readonly hasPassword: boolean
  /** For `pg`. Contains the password, if the address has one; otherwise `pg` reads PGPASSWORD, or the file in PGPASSFILE. */
  readonly config: ClientConfig
}

/**
 * Parses the address of a queue, such as `postgres://user@host:5432/database`. Throws `usage`; no error contains the address, which may have a
 * password in it.
 */
export function parseQueueAddress(text: string): QueueAddress {
  const invalid = () =>
    new TarsierError('usage', 'The address of the queue is invalid. It must have the form postgres://USER@HOST:PORT/DATABASE.')
  if (!/^postgres(ql)?:\/\//i.test(text)) throw invalid()
  let config: ClientConfig
  try {
    // Empty parts are left to the environment: PGUSER, PGPASSWORD.
    config = Object.fromEntries(Object.entries(parseIntoClientConfig(text)).filter(([, value]) => value !== ''))
  } catch {
    throw invalid() // without the cause, which contains the address
  }
  if (config.port !== undefined && !(config.port > 0 && config.port < 65_536)) throw invalid()
  const { user, host = 'localhost', port = 5432, database } = config
  const name = database ?? process.env.PGDATABASE ?? user
  return {
    shown: `${user === undefined ? '' : `${user}@`}${host}:${port}/${name ?? ''}`,
    hasPassword: typeof config.password === 'string' && config.password !== '',
    config,
  }
}
