import { join } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import { holdLock } from '../../folder-lock.ts'

const LOCK_FILE = '.downloading'

/**
 * Prevents a second process from writing to the same partial files. Throws `download-busy` while another process has locked the folder; the
 * lock of a dead process is taken over.
 */
export function lockFolder(folder: string, what: string): Promise<AsyncDisposable> {
  return holdLock(
    join(folder, LOCK_FILE),
    (holder) =>
      new TarsierError(
        'download-busy',
        `${what} is being downloaded by another process (${holder ?? 'unknown'}). Wait until it is finished, or stop it. Downloaded files are kept.`,
        {
          details: { process: holder },
        },
      ),
  )
}
