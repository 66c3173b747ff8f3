import { join } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import { holdLock } from '../../folder-lock.ts'

const LOCK_FILE = '.downloading'

/**
 * Keeps a second process from writing into the same parts. Throws `download-busy` while another one holds the folder; the lock of a
 * process that died is taken over.
 */
export function lockFolder(folder: string, what: string): Promise<AsyncDisposable> {
  return holdLock(
    join(folder, LOCK_FILE),
    (holder) =>
      new TarsierError(
        'download-busy',
        `${what} is being downloaded by another process (${holder ?? 'unknown'}). Wait until it is done, or end it: what it fetched stays.`,
        {
          details: { process: holder },
        },
      ),
  )
}
