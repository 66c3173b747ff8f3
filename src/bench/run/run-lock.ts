import { join } from 'node:path'
import { writeError } from '../../jobs/write-file.ts'
import { holdLock } from '../../platform/folder-lock.ts'
import { TarsierError } from '../../shared/errors.ts'

const LOCK_FILE = '.running'

/** Locks a folder for a run. Throws `bench-busy` while another run writes to it. */
export function lockRun(directory: string): Promise<AsyncDisposable> {
  return holdLock(
    join(directory, LOCK_FILE),
    (holder) =>
      new TarsierError(
        'bench-busy',
        `Another run is writing to ${directory} (process ${holder ?? 'unknown'}). Wait until it is finished, stop it, or give another folder with --out.`,
        { details: { process: holder } },
      ),
  ).catch((error: unknown) => {
    throw writeError(directory, error)
  })
}
