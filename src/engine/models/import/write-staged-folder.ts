import { mkdir, rmdir } from 'node:fs/promises'
import { dirname, join, toNamespacedPath } from 'node:path'
import { freeBytes, isTaken } from '../../../platform/disk.ts'
import { writeFailure } from '../../../platform/file-failure.ts'
import { isInside } from '../../../platform/is-inside.ts'
import { move, remove } from '../../../platform/move.ts'
import type { ErrorCode } from '../../../shared/error-codes.ts'
import { isAbort, TarsierError } from '../../../shared/errors.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { claimStagingFolder, type ImportKey, type StagingFolder } from './staging-folders.ts'

/** Failures that may be temporary: a full disk, a file in use, missing permissions or memory. */
const OF_THIS_MACHINE: ReadonlySet<ErrorCode> = new Set(['disk-full', 'write-failed', 'out-of-memory'])

/**
 * Creates the folder `parent/name`: `write` fills a hidden folder beside it, which is renamed when complete. The folder of an interrupted
 * import with the same key is passed to `write`, to be resumed. After an abort, or a failure of this machine rather than of the source, the
 * finished files in the journal are kept; any other failure, and any without a journal entry, leaves nothing, and also removes `parent` if
 * it was created for this and is empty.
 * Throws `model-exists`, `write-failed`, `disk-full`.
 */
export async function writeStagedFolder(
  parent: string,
  name: string,
  of: ImportKey,
  write: (staging: StagingFolder) => Promise<void>,
): Promise<string> {
  const target = join(parent, name)
  await expectFree(target, name)
  let staging: StagingFolder | undefined
  let made: string | undefined
  try {
    made = await mkdir(parent, { recursive: true })
    staging = await claimStagingFolder(parent, of)
    await write(staging)
    await expectFree(target, name)
    await move(staging.directory, target)
    // Removed only after the move: if the folder cannot be moved, the next import can resume from the journal.
    await staging.journal.movedTo(target).remove()
    return target
  } catch (thrown) {
    const error = failureOf(thrown, target, name)
    if (staging?.journal.worthKeeping && mayGoOn(error)) await staging.clear()
    else if (staging !== undefined) await remove(staging.directory)
    throw error
  } finally {
    await staging?.[Symbol.asyncDispose]()
    // On Windows `mkdir` returns the path with the prefix \\?\.
    if (made !== undefined) await removeEmpty(toNamespacedPath(parent), toNamespacedPath(made))
  }
}

/** Removes a folder and those above it up to `top`, as far as they are empty: another import may have begun in them. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let at = folder; at === top || isInside(top, at); at = dirname(at)) if (!(await isRemoved(at))) return
}

async function isRemoved(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => true,
    () => false, // not empty
  )
}

/** Whether the same import may succeed later. */
function mayGoOn(error: unknown): boolean {
  return isAbort(error) || (error instanceof TarsierError && OF_THIS_MACHINE.has(error.code))
}

/** Throws `model-exists` if the target already exists. */
export async function expectFree(target: string, name: string): Promise<void> {
  if (await isTaken(target)) throw alreadyThere(target, name)
}

/** Throws `disk-full` if the disk of `directory` has less than `bytes - there` bytes free, where `there` bytes are already written. */
export async function expectFreeSpace(directory: string, bytes: number, there = 0): Promise<void> {
  const free = await freeBytes(directory)
  if (bytes - there <= free) return
  throw new TarsierError(
    'disk-full',
    `The model needs ${megabytesText(bytes - there)} in ${directory}, but only ${megabytesText(free)} are free there. Free disk space, or import it with a smaller precision.${there > 0 ? ' Completed parts are kept for a week.' : ''}`,
    { details: { needed: bytes - there, free } },
  )
}

function failureOf(error: unknown, target: string, name: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOTEMPTY' || code === 'EEXIST') return alreadyThere(target, name, error)
  return writeFailure(`${target} could not be written`, error, { ifFull: 'Free disk space and import again to resume.' })
}

function alreadyThere(target: string, name: string, cause?: unknown): TarsierError {
  const message = `A model "${name}" already exists in ${target}. Choose another name, or remove that folder first.`
  return new TarsierError('model-exists', message, { cause, details: { name } })
}
