import { renameSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What Windows answers while another program, such as a virus scanner, has the file or a file of the folder open; a folder is not empty until those
 * who have its removed files open close them.
 */
const IN_USE: ReadonlySet<unknown> = new Set(['EPERM', 'EBUSY', 'EACCES', 'ENOTEMPTY'])
/** A scanner is done with a new file of some gigabytes within this time. Other systems rename files that are open: there the codes mean what they say. */
const PATIENCE_MS = process.platform === 'win32' ? 10_000 : 0
/** The same while the caller waits and nothing else is done. */
const PATIENCE_SYNC_MS = process.platform === 'win32' ? 1000 : 0
const FIRST_WAIT_MS = 20
const MAX_WAIT_MS = 1000

/**
 * Gives a finished file or folder its final name, over a file of that name, as `fs.rename` does. On Windows it is tried again for ten seconds while
 * something there is in use; finished work must not be lost because a virus scanner looks at it.
 * @param patience milliseconds; defaults to ten seconds on Windows and none elsewhere
 */
export async function move(from: string, to: string, patience = PATIENCE_MS): Promise<void> {
  await retryWhileInUse(() => rename(from, to), patience)
}

/** As {@link move}, for the few who cannot wait for a promise, such as a window that closes: it blocks, for a second at most. */
export function moveSync(from: string, to: string, patience = PATIENCE_SYNC_MS): void {
  retryWhileInUseSync(() => renameSync(from, to), patience)
}

/**
 * Removes a file or a whole folder; nothing there is as good. On Windows it is tried again for ten seconds while something in it is in use.
 * `fs.rm` could do that by itself, but tries as often again for every folder around the file: for minutes.
 * @param patience as for {@link move}
 */
export async function remove(path: string, patience = PATIENCE_MS): Promise<void> {
  await retryWhileInUse(() => rm(path, { recursive: true, force: true }), patience)
}

/** As {@link remove}, for those who cannot wait for a promise: it blocks, for a second at most. */
export function removeSync(path: string, patience = PATIENCE_SYNC_MS): void {
  retryWhileInUseSync(() => rmSync(path, { recursive: true, force: true }), patience)
}

async function retryWhileInUse(work: () => Promise<void>, patience: number): Promise<void> {
  for (const wait of waits(patience)) {
    try {
      await work()
      return
    } catch (error) {
      if (wait === null || !isInUse(error)) throw error
      await sleep(wait)
    }
  }
}

function retryWhileInUseSync(work: () => void, patience: number): void {
  for (const wait of waits(patience)) {
    try {
      work()
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
