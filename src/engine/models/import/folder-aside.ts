import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbort, TarsierError } from '../../../shared/errors.ts'

/** Begins every folder that is still being written, before the writing process's id; hidden from lists of models by its dot. */
const ASIDE = '.importing-'

/**
 * Makes the folder `parent/name` out of a hidden one beside it: `write` fills that, and only when it is done does the folder
 * get its name. Whatever fails or is aborted leaves nothing behind, also in `parent` where that was made for it.
 * What a process that died left there is removed. Throws `model-exists`, `write-failed`, `disk-full`.
 */
export async function writeFolderAside(parent: string, name: string, write: (directory: string) => Promise<void>): Promise<string> {
  const target = join(parent, name)
  expectFree(target, name)
  let aside: string | undefined
  let made: string | undefined
  try {
    made = await mkdir(parent, { recursive: true })
    await removeAbandoned(parent)
    const hidden = join(parent, `${ASIDE}${process.pid}-${randomUUID()}`)
    await mkdir(hidden)
    aside = hidden
    await write(aside)
    expectFree(target, name)
    await rename(aside, target)
    return target
  } catch (error) {
    // `made` is the topmost folder that was missing before.
    for (const leftover of [aside, made]) if (leftover !== undefined) await rm(leftover, { recursive: true, force: true })
    throw writeFailure(error, target, name)
  }
}

/** Throws `disk-full` when the disk that holds `directory` has less free than `bytes`. */
export async function expectRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (bytes <= free) return
  throw new TarsierError(
    'disk-full',
    `The model needs ${megabytes(bytes)} MB in ${directory}, and ${megabytes(free)} MB are free there. Make room, or import it with a smaller precision.`,
    { details: { needed: bytes, free } },
  )
}

function expectFree(target: string, name: string): void {
  if (!existsSync(target)) return
  throw new TarsierError(
    'model-exists',
    `There is already a model "${name}" in ${target}. Give another name, or remove that folder first.`,
    {
      details: { name },
    },
  )
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    const id = entry.isDirectory() && entry.name.startsWith(ASIDE) ? Number.parseInt(entry.name.slice(ASIDE.length), 10) : Number.NaN
    if (id > 0 && !isRunning(id)) await rm(join(parent, entry.name), { recursive: true, force: true })
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function writeFailure(error: unknown, target: string, name: string): unknown {
  if (error instanceof TarsierError || isAbort(error) || !(error instanceof Error) || !('syscall' in error)) return error
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TarsierError('disk-full', `${target} could not be written: the disk is full. Make room and import again.`, { cause: error })
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
  return new TarsierError('write-failed', `${target} could not be written: ${error.message}. Check the folder's permissions.`, {
    cause: error,
  })
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6)
}
