import { renameSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Windows error codes while another program, such as a virus scanner, has the file or a file of the folder open. A folder is not empty until
 * removed files in it are closed.
 */
const IN_USE: ReadonlySet<unknown> = new Set(['EPERM', 'EBUSY', 'EACCES', 'ENOTEMPTY'])
/**
 * Retry time: enough for a scanner to check a new file of several gigabytes. Other systems can rename open files, so these codes are real errors
 * there.
 */
const RETRY_MS = process.platform === 'win32' ? 10_000 : 0
/** Retry time of the blocking functions. */
const RETRY_SYNC_MS = process.platform === 'win32' ? 1000 : 0
const FIRST_WAIT_MS = 20
const MAX_WAIT_MS = 1000

/**
 * Renames a finished file or folder and replaces an existing file, as `fs.rename` does. On Windows it retries for ten seconds while a file is in
 * use, so that a virus scanner does not cause the loss of finished work.
 * @param timeoutMs retry time in milliseconds. Defaults to ten seconds on Windows and 0 elsewhere.
 */
export async function move(from: string, to: string, timeoutMs = RETRY_MS): Promise<void> {
  await retryWhileInUse(() => rename(from, to), timeoutMs)
}

/** As {@link move}, for callers that cannot await, such as a closing window. Blocks for at most one second. */
export function moveSync(from: string, to: string, timeoutMs = RETRY_SYNC_MS): void {
  retryWhileInUseSync(() => renameSync(from, to), timeoutMs)
}

/**
 * Removes a file or a folder with its contents; does nothing if it does not exist. On Windows it retries for ten seconds while a file is in use.
 * The retries of `fs.rm` are not used, because they multiply with each parent folder and can take minutes.
 * @param timeoutMs as for {@link move}
 */
export async function remove(path: string, timeoutMs = RETRY_MS): Promise<void> {
  await retryWhileInUse(() => rm(path, { recursive: true, force: true }), timeoutMs)
}

/** As {@link remove}, for callers that cannot await. Blocks for at most one second. */
export function removeSync(path: string, timeoutMs = RETRY_SYNC_MS): void {
  retryWhileInUseSync(() => rmSync(path, { recursive: true, force: true }), timeoutMs)
}

async function retryWhileInUse(work: () => Promise<void>, timeoutMs: number): Promise<void> {
  for (const wait of waits(timeoutMs)) {
    try {
      await work()
      return
    } catch (error) {
      if (wait === null || !isInUse(error)) throw error
      await sleep(wait)
    }
  }
}

function retryWhileInUseSync(work: () => void, timeoutMs: number): void {
  for (const wait of waits(timeoutMs)) {
    try {
      work()
      return
    } catch (error) {
      if (wait === null || !isInUse(error)) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait)
    }
  }
}

/** Yields the delay after each failed attempt in milliseconds; null after the last one. */
function* waits(timeoutMs: number): Generator<number | null, void> {
  const end = performance.now() + timeoutMs
  for (let wait = FIRST_WAIT_MS; performance.now() + wait <= end; wait = Math.min(2 * wait, MAX_WAIT_MS)) yield wait
  yield null
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && IN_USE.has(error.code)
}
