import type { RmOptions } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** What Windows answers while another program, such as a virus scanner, has the file or a file of the folder open. */
const IN_USE: ReadonlySet<unknown> = new Set(['EPERM', 'EBUSY', 'EACCES'])
/** A scanner is done with a new file of some gigabytes within this time. Other systems rename files that are open: there the codes mean what they say. */
const PATIENCE_MS = process.platform === 'win32' ? 10_000 : 0
const FIRST_WAIT_MS = 20
const MAX_WAIT_MS = 1000
/** With {@link FIRST_RM_WAIT_MS} more after each attempt, about 10 seconds in all. */
const RM_RETRIES = 14
const FIRST_RM_WAIT_MS = 100

/**
 * Gives a finished file or folder its final name, over a file of that name, as `fs.rename` does. On Windows it is tried again for ten seconds while
 * something there is in use; finished work must not be lost because a virus scanner looks at it.
 * @param patience milliseconds; defaults to ten seconds on Windows and none elsewhere
 */
export async function move(from: string, to: string, patience = PATIENCE_MS): Promise<void> {
  const end = performance.now() + patience
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, MAX_WAIT_MS)) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && IN_USE.has(error.code)) || performance.now() + wait > end) throw error
      await sleep(wait)
    }
  }
}

/**
 * Removes a file or a whole folder; nothing there is as good. On Windows it is tried again for ten seconds while something in it is in use.
 */
export async function remove(path: string): Promise<void> {
  const retries: RmOptions = process.platform === 'win32' ? { maxRetries: RM_RETRIES, retryDelay: FIRST_RM_WAIT_MS } : {}
  await rm(path, { recursive: true, force: true, ...retries })
}
