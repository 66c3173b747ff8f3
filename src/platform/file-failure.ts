import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isAbort, TarsierError } from '../shared/errors.ts'
import type { Remedy } from '../shared/remedies.ts'
import { removeSync } from './move.ts'

/** The disk has no space left, this user's quota is used up, or the file system takes no file of that size. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const MISSING: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR'])
const PROBE_BYTES = 65_536

const UNREACHABLE = 'its network drive does not answer. Connect it again.'
const NO_PERMISSION = 'you have no permission. Check the permissions of the file and its folder.'
const NAME_TOO_LONG = 'its name is too long. Choose a shorter one.'
const IN_USE = 'another program has it open. Close that program, and try again.'
const DISK_FAILED = 'the disk failed. Check the disk.'
const TOO_MANY_OPEN = 'too many files are open. Close other programs and try again.'
const LINK_CIRCLE = 'its symbolic links lead in a circle. Name the file that is meant.'

/** What a system's code means, and what to do about it: the end of a sentence, and another sentence. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  ENAMETOOLONG: NAME_TOO_LONG,
  EBUSY: IN_USE,
  ETXTBSY: IN_USE,
  EIO: DISK_FAILED,
  EMFILE: TOO_MANY_OPEN,
  ENFILE: TOO_MANY_OPEN,
  ELOOP: LINK_CIRCLE,
  ESTALE: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  ENOTCONN: UNREACHABLE,
}

const whileReading: Readonly<Record<string, string>> = { ...reasons, EISDIR: 'it is a folder. Name a file.' }

const whileWriting: Readonly<Record<string, string>> = {
  ...reasons,
  EROFS: 'its disk can only be read. Choose a folder on another disk.',
  ENOENT: 'its folder is not there. Make the folder, or choose another one.',
  ENOTDIR: 'a file lies where a folder has to be. Move the file away, or choose another folder.',
  EEXIST: 'a file lies where a folder has to be. Move the file away, or choose another folder.',
  EISDIR: 'a folder lies where the file has to be. Move the folder away, or choose another name.',
}

/** Windows also answers so when another program has the file, or a file of the folder, open. */
const IN_USE_OR_NO_PERMISSION =
  'another program has it open, or you have no permission. Close that program, or check the permissions of the file and its folder.'
const whileWritingOnWindows: Readonly<Record<string, string>> = { EACCES: IN_USE_OR_NO_PERMISSION, EPERM: IN_USE_OR_NO_PERMISSION }

/** Whether a write failed because there is no space left. */
export function isDiskFull(error: unknown): boolean {
  return FULL.has(codeOf(error))
}

/** Whether a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error))
}

/**
 * Whether there is no space left in a folder, found out by writing a little: some libraries say only that they could not write. False where
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

/**
 * The error of a file that could not be read: `file-missing` or `file-unreadable`, naming the file. Typed errors and aborts stay what they are.
 * @param ifMissing what to do where the file is not there
 */
export function readFailure(path: string, error: unknown, ifMissing = 'Check the spelling.'): Error {
  if (error instanceof TarsierError || (error instanceof Error && isAbort(error))) return error
  if (isMissing(error)) return new TarsierError('file-missing', `There is no ${path}. ${ifMissing}`, { cause: error })
  const why = whileReading[codeOf(error)] ?? `${messageOf(error)}. Check the disk and your right to read it.`
  return new TarsierError('file-unreadable', `${path} cannot be read: ${why}`, { cause: error })
}

export interface WriteFailureOptions {
  /** What to do where the disk is full. */
  readonly ifFull?: string
  /** Whether the disk is full, where a library failed to write and does not give the system's code. */
  readonly full?: boolean
  /** Remedy of a full disk. */
  readonly remedyIfFull?: Remedy
  /** Defaults to this machine's. */
  readonly platform?: NodeJS.Platform
}

/**
 * The error of what could not be written: `disk-full` or `write-failed`. Typed errors and aborts stay what they are, and so does what the file
 * system did not say, unless `full` is given.
 * @param what names the file and what failed, such as `/a/b.txt could not be written`
 */
export function writeFailure(what: string, error: unknown, options: WriteFailureOptions = {}): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  const { ifFull = 'Make room and try again.', full, remedyIfFull, platform = process.platform } = options
  if (full === undefined && !isFileFailure(error)) return error
  if (full || isDiskFull(error)) {
    return new TarsierError('disk-full', `${what}: the disk is full. ${ifFull}`, { cause: error, remedy: remedyIfFull })
  }
  const known = platform === 'win32' ? { ...whileWriting, ...whileWritingOnWindows } : whileWriting
  const why = known[codeOf(error)] ?? `${messageOf(error)}. Check the folder and its disk.`
  return new TarsierError('write-failed', `${what}: ${why}`, { cause: error })
}

/** Whether an error came from a call to the file system. */
function isFileFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && codeOf(error).startsWith('E')
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}
