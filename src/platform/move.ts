import { type RmOptions, renameSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** What Windows answers while another program, such as a virus scanner, has the file or a file of the folder open. */
const IN_USE: ReadonlySet<unknown> = new Set(['EPERM', 'EBUSY', 'EACCES'])
/** A scanner is done with a new file of some gigabytes within this time. Other systems rename files that are open: there the codes mean what they say. */
const PATIENCE_MS = process.platform === 'win32' ? 10_000 : 0
/** The same while the caller waits and nothing else is done. */
const PATIENCE_SYNC_MS = process.platform === 'win32' ? 1000 : 0
const FIRST_WAIT_MS = 20
const MAX_WAIT_MS = 1000
/** With {@link FIRST_RM_WAIT_MS} more after each attempt, about 10 seconds in all. */
const RM_RETRIES = 14
const FIRST_RM_WAIT_MS = 100
/** About a second in all. */
const RM_SYNC_RETRIES = 4

/**
 * Gives a finished file or folder its final name, over a file of that name, as `fs.rename` does. On Windows it is tried again for ten seconds while
 * something there is in use; finished work must not be lost because a virus scanner looks at it.
 * @param patience milliseconds; defaults to ten seconds on Windows and none elsewhere
 */
export async function move(from: string, to: string, patience = PATIENCE_MS): Promise<void> {
  for (const wait of waits(patience)) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      if (wait === null || !isInUse(error)) throw error
      await sleep(wait)
    }
  }
}

/** As {@link move}, for the few who cannot wait for a promise, such as a window that closes: it blocks, for a second at most. */
export function moveSync(from: string, to: string, patience = PATIENCE_SYNC_MS): void {
  for (const wait of waits(patience)) {
    try {
      renameSync(from, to)
      return
    } catch (error) {
      if (wait === null || !isInUse(error)) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait)
    }
  }
}

/** How long to wait after each attempt that failed, in milliseconds; null after the last. */
function* waits(patience: number): Generator<number | null, void> {
  const end = performance.now() + patience
  for (let wait = FIRST_WAIT_MS; performance.now() + wait <= end; wait = Math.min(2 * wait, MAX_WAIT_MS)) yield wait
  yield null
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && IN_USE.has(error.code)
}

/**
 * Removes a file or a whole folder; nothing there is as good. On Windows it is tried again for ten seconds while something in it is in use.
 */
export async function remove(path: string): Promise<void> {
  await rm(path, removal(RM_RETRIES))
}

/** As {@link remove}, for those who cannot wait for a promise: it blocks, for a second at most. */
export function removeSync(path: string): void {
  rmSync(path, removal(RM_SYNC_RETRIES))
}

function removal(retries: number): RmOptions {
  const patience = process.platform === 'win32' ? { maxRetries: retries, retryDelay: FIRST_RM_WAIT_MS } : {}
  return { recursive: true, force: true, ...patience }
}
