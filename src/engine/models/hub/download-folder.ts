import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../../platform/disk.ts'
import { writeFailure } from '../../../platform/file-failure.ts'
import { holdLock, removeUnlessLocked } from '../../../platform/folder-lock.ts'
import { remove } from '../../../platform/move.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { repositoryFolder } from './repository.ts'

const LOCK_FILE = '.downloading'

/** Folder of the app's own downloads, in the layout of the Hugging Face cache. */
export function downloadsFolder(home: string): string {
  return join(home, 'downloads')
}

/** The downloaded files of a repository, all revisions of it, while no other process may write or remove them. */
export interface HeldDownload extends AsyncDisposable {
  /** Deletes the files and releases them. */
  remove(): Promise<void>
}

/**
 * Holds the download of a repository, whose folder is created. Throws `download-busy` while another process, or this one, holds it; that of an ended
 * process is taken over. Throws `disk-full`, `write-failed`.
 */
export async function holdDownload(repository: string, home: string): Promise<HeldDownload> {
  const folder = folderOf(repository, home)
  const lock = await holdLock(
    join(folder, LOCK_FILE),
    (holder) =>
      new TarsierError(
        'download-busy',
        `${repository} is already being downloaded or imported (process ${holder ?? 'unknown'}). Wait until that is finished, or stop it. Downloaded files are kept.`,
        { details: { process: holder } },
      ),
  ).catch((error: unknown) => {
    throw writeFailure(`${folder} could not be written`, error)
  })
  return {
    async remove() {
      await removeFiles(folder)
      await lock[Symbol.asyncDispose]()
      await removeEmpty(folder, home)
    },
    [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
  }
}

/**
 * Deletes the downloaded files of a repository, including partial files, also from a full disk. Does nothing while a process holds them, also those
 * of another revision.
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

/** The lock is removed last, so that no other process begins in a folder that is being deleted. */
async function removeFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name !== LOCK_FILE) await remove(join(folder, name))
}

async function removeEmpty(folder: string, home: string): Promise<void> {
  // Not empty: another process downloads this model, or there are others.
  for (const parent of [folder, downloadsFolder(home)]) await rmdir(parent).catch(() => {})
}
