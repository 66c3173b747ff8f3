import { deepestCause, isAbort, TarsierError } from '../shared/errors.ts'
import type { QueueAddress } from './queue-address.ts'

/** Codes of the system, of `pg` and of PostgreSQL (SQLSTATE) that mean that there is no connection now. */
const LOST = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENOENT', // the socket of a server on this machine
  '57P01', // the administrator ends the connection
  '57P02', // the server restarts after a crash
  '57P03', // it starts, or stops
  '53300', // too many connections
  '25P03', // idle in a transaction for too long, because this process was stopped
])
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded when trying to connect|timeout expired)/i
/** A serialization failure or a deadlock. */
const CONFLICT = new Set(['40001', '40P01'])
const DENIED = new Set(['28000', '28P01', '42501', '3D000'])
const FULL = new Set(['53100', '53000', '58030'])

/** Whether a later try may succeed: `lost` without a connection, `conflict` with another transaction. */
export function isTemporary(error: unknown): 'lost' | 'conflict' | 'no' {
  if (!(error instanceof Error) || error instanceof TarsierError || isAbort(error)) return 'no'
  const code = codeOf(error)
  if (CONFLICT.has(code)) return 'conflict'
  return LOST.has(code) || code.startsWith('08') || LOST_MESSAGES.test(error.message) ? 'lost' : 'no'
}

/**
 * Converts a failure of the database to `queue-unreachable`, `queue-denied`, `disk-full` or `queue-failed`. Typed errors and aborts are returned
 * unchanged. The cause is a copy without the connection, whose settings contain the password.
 */
export function databaseError(error: unknown, { shown, hasPassword }: QueueAddress): Error {
  if (error instanceof TarsierError || isAbort(error)) return error as Error
  const reason = deepestCause(error)
  const code = codeOf(reason)
  const cause = new Error(`${code === '' ? '' : `${code}: `}${reason.message}`)
  const because = reason.message.replace(/\.$/, '') || code
  if (isTemporary(reason) === 'lost')
    return new TarsierError(
      'queue-unreachable',
      `The database ${shown} cannot be reached: ${because}. Check the address, and that PostgreSQL is running.`,
      { cause },
    )
  if (/password|SASL|scram/i.test(reason.message) || DENIED.has(code)) {
    const how = hasPassword
      ? 'Check user, password and database'
      : 'Check user and database, and give the password in PGPASSWORD, in the file that PGPASSFILE names, or in the address'
    return new TarsierError('queue-denied', `The database ${shown} refuses: ${because}. ${how}, and the rights that docs/jobs.md lists.`, {
      cause,
    })
  }
  if (FULL.has(code))
    return new TarsierError(
      'disk-full',
      `The disk of the database ${shown} is full: ${because}. Free space on the server; nothing that was stored is lost.`,
      { cause },
    )
  return new TarsierError('queue-failed', `The database ${shown} reports an error: ${because}.`, { cause })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
