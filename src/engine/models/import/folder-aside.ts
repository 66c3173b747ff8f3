import { existsSync } from 'node:fs'
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFailure } from '../../../platform/file-failure.ts'
import { move, remove } from '../../../platform/move.ts'
import type { ErrorCode } from '../../../shared/error-codes.ts'
import { isAbort, TarsierError } from '../../../shared/errors.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { type Aside, claimAside, type ImportKey } from './aside-folders.ts'

/** Failures that pass: somebody makes room, closes other programs, or gives a permission. */
const OF_THIS_MACHINE: ReadonlySet<ErrorCode> = new Set(['disk-full', 'write-failed', 'out-of-memory'])

/**
 * Makes the folder `parent/name` out of a hidden one beside it: `write` fills that, and only when it is done does the folder get its
 * name. What a process that died or was stopped left of the same import is handed to `write` to go on with. An abort, and a failure of
 * this machine's that the source has no part in, leave what the journal takes note of; any other failure, and any without such a note,
 * leaves nothing behind, also in `parent` where that was made for it.
 * Throws `model-exists`, `write-failed`, `disk-full`.
 */
export async function writeFolderAside(
  parent: string,
  name: string,
  of: ImportKey,
  write: (aside: Aside) => Promise<void>,
): Promise<string> {
  const target = join(parent, name)
  expectFree(target, name)
  let aside: Aside | undefined
  let made: string | undefined
  try {
    made = await mkdir(parent, { recursive: true })
    aside = await claimAside(parent, of)
    await write(aside)
    expectFree(target, name)
    await move(aside.directory, target)
    // Not before: where the folder cannot be moved, the journal lets the next import go on with what is finished.
    await aside.journal.movedTo(target).remove()
    return target
  } catch (thrown) {
    const error = failureOf(thrown, target, name)
    if (aside?.journal.worthKeeping && mayGoOn(error)) await aside.leave()
    // `made` is the topmost folder that was missing before.
    else for (const leftover of [aside?.directory, made]) if (leftover !== undefined) await remove(leftover)
    throw error
  }
}

/** Whether the same import may succeed later, as it is. */
function mayGoOn(error: unknown): boolean {
  return isAbort(error) || (error instanceof TarsierError && OF_THIS_MACHINE.has(error.code))
}

/** Throws `model-exists` when there is something already where the model shall be. */
export function expectFree(target: string, name: string): void {
  if (existsSync(target)) throw alreadyThere(target, name)
}

/** Throws `disk-full` when the disk that holds `directory` has less free than `bytes`, beside the `there` bytes of them that are written. */
export async function expectRoom(directory: string, bytes: number, there = 0): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (bytes - there <= free) return
  throw new TarsierError(
    'disk-full',
    `The model needs ${megabytesText(bytes - there)} in ${directory}, and ${megabytesText(free)} are free there. Make room, or import it with a smaller precision.${there > 0 ? ' What is made already stays for a week.' : ''}`,
    { details: { needed: bytes - there, free } },
  )
}

function failureOf(error: unknown, target: string, name: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOTEMPTY' || code === 'EEXIST') return alreadyThere(target, name, error)
  return writeFailure(`${target} could not be written`, error, { ifFull: 'Make room and import again: it goes on where it was.' })
}

function alreadyThere(target: string, name: string, cause?: unknown): TarsierError {
  const message = `There is already a model "${name}" in ${target}. Give another name, or remove that folder first.`
  return new TarsierError('model-exists', message, { cause, details: { name } })
}
