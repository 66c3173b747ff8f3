import { randomUUID } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isAbort, TarsierError } from '../shared/errors.ts'
import type { Remedy } from '../shared/remedies.ts'
import { removeSync } from './move.ts'

/** The disk is full, the user's quota is exhausted, or the file system does not support files of that size. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const MISSING: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR'])
const PROBE_BYTES = 65_536

const UNREACHABLE = 'its network drive does not respond. Reconnect the drive.'
const NO_PERMISSION = 'you have no permission. Check the permissions of the file and its folder.'
const NAME_TOO_LONG = 'its name is too long. Choose a shorter name.'
const IN_USE = 'another program has it open. Close that program and try again.'
const DISK_FAILED = 'the disk reported an error. Check the disk.'
const TOO_MANY_OPEN = 'too many files are open. Close other programs and try again.'
const LINK_CIRCLE = 'its symbolic links form a loop. Give the path of the actual file.'

/** Meaning and remedy of system error codes: the end of a sentence, and another sentence. */
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

const whileReading: Readonly<Record<string, string>> = { ...reasons, EISDIR: 'it is a folder. Give a file.' }

const whileWriting: Readonly<Record<string, string>> = {
  ...reasons,
  EROFS: 'its disk is read-only. Choose a folder on another disk.',
  ENOENT: 'its folder does not exist. Create the folder, or choose another one.',
  ENOTDIR: 'a file exists where a folder is needed. Move the file, or choose another folder.',
  EEXIST: 'a file exists where a folder is needed. Move the file, or choose another folder.',
  EISDIR: 'a folder with this name exists. Move the folder, or choose another name.',
}

/** Windows reports these codes also if another program has the file, or a file of the folder, open. */
const IN_USE_OR_NO_PERMISSION =
  'another program has it open, or you have no permission. Close that program, or check the permissions of the file and its folder.'
const whileWritingOnWindows: Readonly<Record<string, string>> = { EACCES: IN_USE_OR_NO_PERMISSION, EPERM: IN_USE_OR_NO_PERMISSION }

/** Whether a write failed because the disk is full. */
export function isDiskFull(error: unknown): boolean {
  return FULL.has(codeOf(error))
}

/** Whether an error means that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error))
}

/**
 * Whether a folder's disk is full, tested by writing a small file, because some libraries do not report why a write failed. Returns false if the
 * user cannot write there for other reasons.
 */
export function isFolderFull(folder: string): boolean {
  return isDiskFull(tryToWrite(folder))
}

/** Whether files can be written in a folder, tested by writing a small one: if so, a failed write was a matter of that one file. */
export function isFolderWritable(folder: string): boolean {
  return tryToWrite(folder) === null
}

/** Writes a small file in a folder and removes it. Returns the error; null if there was none. */
function tryToWrite(folder: string): unknown {
  const path = join(folder, `.tarsier-${randomUUID()}.part`)
  try {
    const file = openSync(path, 'wx')
    try {
      let left = PROBE_BYTES
      while (left > 0) left -= writeSync(file, new Uint8Array(left))
    } finally {
      closeSync(file)
      removeSync(path)
    }
    return null
  } catch (error) {
    return error
  }
}

/**
 * Converts an error from reading a file to `file-missing` or `file-unreadable`, with the file's path. Typed errors and aborts are returned
 * unchanged.
 * @param ifMissing remedy if the file does not exist
 */
export function readFailure(path: string, error: unknown, ifMissing = 'Check the spelling.'): Error {
  if (error instanceof TarsierError || (error instanceof Error && isAbort(error))) return error
  if (isMissing(error)) return new TarsierError('file-missing', `${path} does not exist. ${ifMissing}`, { cause: error })
  const why = whileReading[codeOf(error)] ?? `${messageOf(error)}. Check the disk and whether you have read access.`
  return new TarsierError('file-unreadable', `${path} cannot be read: ${why}`, { cause: error })
}

export interface WriteFailureOptions {
  /** Remedy in the message if the disk is full. */
  readonly ifFull?: string
  /** Whether the disk is full, for errors of libraries that do not provide the system's code. */
  readonly full?: boolean
  /** Typed remedy if the disk is full. */
  readonly remedyIfFull?: Remedy
  /** Defaults to the current platform. */
  readonly platform?: NodeJS.Platform
}

/**
 * Converts an error from writing to `disk-full` or `write-failed`. Typed errors and aborts are returned unchanged, and so are errors that are
 * not from the file system, unless `full` is given.
 * @param what the file and the failed operation, such as `/a/b.txt could not be written`
 */
export function writeFailure(what: string, error: unknown, options: WriteFailureOptions = {}): unknown {
  if (error instanceof TarsierError || isAbort(error)) return error
  const { ifFull = 'Free disk space and try again.', full, remedyIfFull, platform = process.platform } = options
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
