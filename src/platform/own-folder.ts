import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { lockUnlessHeld, removeUnlessLocked } from './folder-lock.ts'
import { remove } from './move.ts'

const LOCK = '.lock'
const UUID = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}'

/** A folder of one process, which no other process uses or removes while it runs. */
export interface OwnFolder extends AsyncDisposable {
  readonly path: string
}

/**
 * Locks a new name below `parent` for a folder of this process, which the caller creates. The lock is a file beside it. The name is random, because
 * process ids are not unique where containers or machines share `parent`. Disposal releases the lock and leaves the folder, if there is one.
 * @param prefix beginning of the name. Defaults to none
 */
export async function reserveFolder(parent: string, prefix = ''): Promise<OwnFolder> {
  const path = join(parent, prefix + randomUUID())
  const lock = await lockFolder(path)
  if (lock === null) throw new Error(`${path} has a name that is in use, although it is random`)
  return { path, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() }
}

/** Creates a folder below `parent` for temporary files of this process. It is removed on disposal. */
export async function makeOwnFolder(parent: string): Promise<OwnFolder> {
  // Locked before it exists, or another process could remove it in between.
  const reserved = await reserveFolder(parent)
  try {
    await mkdir(reserved.path)
  } catch (error) {
    await reserved[Symbol.asyncDispose]()
    throw error
  }
  return {
    path: reserved.path,
    async [Symbol.asyncDispose]() {
      await remove(reserved.path)
      await reserved[Symbol.asyncDispose]()
    },
  }
}

/** Locks a folder until disposal. Returns null while another process, or this one, uses it. */
export function lockFolder(path: string): Promise<AsyncDisposable | null> {
  return lockUnlessHeld(path + LOCK)
}

/**
 * Paths of the folders below `parent`, in use or not, and of those of which only the lock is left. Other entries are not listed.
 * @param prefix what comes before the random part of a name. Defaults to nothing
 */
export async function foldersBelow(parent: string, prefix: RegExp = /(?:)/): Promise<string[]> {
  const name = new RegExp(`^(${prefix.source}${UUID})(?:\\${LOCK})?$`)
  const names = (await readdir(parent)).flatMap((found) => name.exec(found)?.[1] ?? [])
  return [...new Set(names)].map((found) => join(parent, found))
}

/** Removes a folder, also from a full disk, unless it is in use. */
export async function removeUnused(path: string): Promise<void> {
  await removeUnlessLocked(path + LOCK, () => remove(path))
}

/** Removes the folders that {@link makeOwnFolder} has created below `parent` and whose processes have ended. */
export async function removeUnusedFolders(parent: string): Promise<void> {
  const paths = await foldersBelow(parent).catch(() => []) // not there yet, or not ours to read
  for (const path of paths) await removeUnused(path).catch(() => {}) // not ours to remove
}
