import { existsSync } from 'node:fs'
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { move, remove } from '../../../platform/move.ts'
import { type ErrorCode, isAbort, TarsierError } from '../../../shared/errors.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { isDiskFull, whyUnwritten } from '../../write-failure.ts'
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
    const error = writeFailure(thrown, target, name)
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
  if (!existsSync(target)) return
  throw new TarsierError(
    'model-exists',
    `There is already a model "${name}" in ${target}. Give another name, or remove that folder first.`,
    {
      details: { name },
    },
  )
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

function writeFailure(error: unknown, target: string, name: string): unknown {
  if (error instanceof TarsierError || isAbort(error) || !(error instanceof Error) || !('syscall' in error)) return error
  const code = 'code' in error ? error.code : undefined
  if (isDiskFull(error)) {
    return new TarsierError(
      'disk-full',
      `${target} could not be written: the disk is full. Make room and import again: it goes on where it was.`,
      { cause: error },
    )
  }
  if (code === 'ENOTEMPTY' || code === 'EEXIST') {
    return new TarsierError(
      'model-exists',
      `There is already a model "${name}" in ${target}. Give another name, or remove that folder first.`,
      {
        cause: error,
      },
    )
  }
  return new TarsierError('write-failed', `${target} could not be written: ${whyUnwritten(error)}`, { cause: error })
}
