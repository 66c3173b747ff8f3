import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { holdLock } from '../platform/folder-lock.ts'
import { remove } from '../platform/move.ts'
import { TarsierError } from '../shared/errors.ts'

const LOCK = '.lock'
/** Names of folders and their locks. Others in the same place are not touched. */
const NAME = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?:\.lock)?$/

/** A folder for the temporary files of one process, which no other process uses or removes while it runs. */
export interface OwnFolder extends AsyncDisposable {
  readonly path: string
}

/**
 * Creates a folder below `parent`, with a lock beside it. Its name is random, because process ids are not unique where containers or machines share
 * `parent`. It is removed on disposal.
 */
export async function makeOwnFolder(parent: string): Promise<OwnFolder> {
  const path = join(parent, randomUUID())
  // Before the folder, or another process could remove it in between.
  const lock = await lockOf(path)
  await mkdir(path).catch(async (error: unknown) => {
    await lock[Symbol.asyncDispose]()
    throw error
  })
  return {
    path,
    async [Symbol.asyncDispose]() {
      await remove(path)
      await lock[Symbol.asyncDispose]()
    },
  }
}

/** Removes the folders below `parent` whose processes have ended. */
export async function removeUnusedFolders(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of new Set(names.flatMap((found) => NAME.exec(found)?.[1] ?? []))) {
    const path = join(parent, name)
    const lock = await lockOf(path).catch(() => null) // in use, or not ours to remove
    if (lock === null) continue
    await remove(path).catch(() => {})
    await lock[Symbol.asyncDispose]()
  }
}

function lockOf(path: string): Promise<AsyncDisposable> {
  return holdLock(path + LOCK, () => new TarsierError('internal', `${path} is in use by another process. Please report it.`))
}
