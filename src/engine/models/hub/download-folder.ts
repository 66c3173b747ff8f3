import { randomUUID } from 'node:crypto'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../../platform/disk.ts'
import { writeFailure } from '../../../platform/file-failure.ts'
import { awaitLock, isLocked, lockUnlessHeld, removeUnlessLocked } from '../../../platform/folder-lock.ts'
import { remove } from '../../../platform/move.ts'
import { phrase } from '../../../shared/phrase.ts'
import { repositoryFolder } from './repository.ts'

const LOCK_FILE = '.downloading'
/** Beginning of the names of locks that are held by those who wait for {@link LOCK_FILE}. */
const WAITING = '.waiting-'

/** Folder of the app's own downloads, in the layout of the Hugging Face cache. */
export function downloadsFolder(home: string): string {
  return join(home, 'downloads')
}

/** The downloaded files of a repository, all revisions of it, while no other process may write or remove them. */
export interface HeldDownload extends AsyncDisposable {
  /** Whether another process, or this one, held the files first. */
  readonly waited: boolean
  /** Releases the files, and deletes them unless somebody waits for them, who then deletes them. */
  remove(): Promise<void>
}

export interface HoldOptions {
  readonly signal: AbortSignal
  /** Called with the text to show while the files are in use, repeatedly. */
  readonly onWait: (title: string) => void
}

/**
 * Holds the download of a repository, whose folder is created. While another process, or this one, downloads it or imports from it, this waits, and then
 * has the files of the other: an import removes them only if nobody waits. The download of an ended process is taken over. Throws `disk-full`,
 * `write-failed`.
 */
export async function holdDownload(repository: string, home: string, { signal, onWait }: HoldOptions): Promise<HeldDownload> {
  const folder = folderOf(repository, home)
  const { lock, waited } = await lockInTurn(folder, signal, (holder) =>
    onWait(
      holder === null || holder === process.pid
        ? phrase`waiting for another import of ${repository}`
        : phrase`waiting for process ${holder}, which imports ${repository}`,
    ),
  ).catch((error: unknown) => {
    throw writeFailure(`${folder} could not be written`, error)
  })
  return {
    waited,
    async remove() {
      await removeFiles(folder)
      await lock[Symbol.asyncDispose]()
      await removeEmpty(folder, home)
    },
    [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
  }
}

async function lockInTurn(
  folder: string,
  signal: AbortSignal,
  onWait: (holder: number | null) => void,
): Promise<{ readonly lock: AsyncDisposable; readonly waited: boolean }> {
  const free = await lockUnlessHeld(join(folder, LOCK_FILE))
  if (free !== null) return { lock: free, waited: false }
  await using _waiting = await lockUnlessHeld(join(folder, WAITING + randomUUID()))
  return { lock: await awaitLock(join(folder, LOCK_FILE), signal, onWait), waited: true }
}

/**
 * Deletes the downloaded files of a repository, including partial files, also from a full disk. Does nothing while a process holds them or waits for
 * them, also for those of another revision.
 */
export async function removeDownload(repository: string, home: string): Promise<void> {
  const folder = folderOf(repository, home)
  if (!(await exists(folder))) return
  await removeUnlessLocked(join(folder, LOCK_FILE), () => removeFiles(folder))
  await removeEmpty(folder, home)
}

function folderOf(repository: string, home: string): string {
  return join(downloadsFolder(home), repositoryFolder(repository))
}

/** Does nothing if somebody waits. The lock is removed last, so that no other process begins in a folder that is being deleted. */
async function removeFiles(folder: string): Promise<void> {
  const names = await readdir(folder)
  for (const name of names) if (name.startsWith(WAITING) && (await isLocked(join(folder, name)))) return
  for (const name of names) if (name !== LOCK_FILE) await remove(join(folder, name))
}

async function removeEmpty(folder: string, home: string): Promise<void> {
  // Not empty: another process downloads this model, or there are others.
  for (const parent of [folder, downloadsFolder(home)]) await rmdir(parent).catch(() => {})
}
