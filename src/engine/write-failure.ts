import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { removeSync } from '../platform/move.ts'

/** What the system says of a disk that is full, of one on which this user may have no more, and of one that takes no file so large. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG']
const PROBE_BYTES = 65_536

/** Whether a write failed for want of room. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FULL.includes(error.code)
}

/**
 * Whether there is no room in a folder, found out by writing a little: some libraries tell only that they could not write. False where
 * something else keeps this user from writing there.
 */
export function isFolderFull(folder: string): boolean {
  const path = join(folder, `.tarsier-${process.pid}.part`)
  try {
    const file = openSync(path, 'wx')
    try {
      let left = PROBE_BYTES
      while (left > 0) left -= writeSync(file, new Uint8Array(left))
    } finally {
      closeSync(file)
      removeSync(path)
    }
    return false
  } catch (error) {
    return isDiskFull(error)
  }
}

/** Why something could not be written, where the disk is not full, and what to do: the end of a sentence and another one. */
export function whyUnwritten(error: unknown, platform: NodeJS.Platform = process.platform): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      // Windows also answers so when another program has the file, or a file of the folder, open.
      return platform === 'win32'
        ? "another program has it open, or you have no permission. Close that program, or check the folder's permissions."
        : "you have no permission. Check the folder's permissions."
    case 'EBUSY':
      return 'another program has it open. Close that program, and try again.'
    case 'EROFS':
      return 'its disk can only be read. Choose a folder on another disk.'
    case 'ENOENT':
      return 'its folder is not there. Make the folder, or choose another one.'
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file lies where a folder has to be. Move the file away, or choose another folder.'
    case 'EISDIR':
      return 'a folder lies where the file has to be. Move the folder away, or choose another name.'
    case 'ENAMETOOLONG':
      return 'its name is too long. Choose a shorter one.'
    case 'EIO':
      return 'the disk failed. Check the disk.'
    default:
      return `${message}. Check the folder and its disk.`
  }
}
