import { TarsierError } from '../shared/errors.ts'
import { Database, type DatabaseOptions } from './database.ts'
import { migrate } from './schema.ts'

/**
 * The address of the queue: the given one, or TARSIER_QUEUE. Throws `usage` without either.
 */
export function queueUrl(given: string | undefined): string {
  const url = given ?? process.env.TARSIER_QUEUE ?? ''
  if (url === '')
    throw new TarsierError('usage', 'No queue is given. Give its address with --queue postgres://USER@HOST/DATABASE, or in TARSIER_QUEUE.')
  return url
}

/** Connects to a queue, and creates or updates its tables if necessary. Throws as `migrate` and {@link Database} do. */
export async function openQueue(url: string, signal: AbortSignal, options: DatabaseOptions = {}): Promise<Database> {
  const database = new Database(url, options)
  try {
    await migrate(database, signal)
    return database
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}
