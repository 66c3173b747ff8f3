import fsSync, { type RmOptions } from 'node:fs'
import fs, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Windows' refusals, active until disposed. */
export interface WindowsFiles extends Disposable {
  /** Lets the next `times` moves to a matching path (any by default) fail with this code, as while a virus scanner reads the file. */
  refuseMoves(times: number, code: 'EPERM' | 'EBUSY' | 'EACCES', to?: RegExp): void
  /** Lets the next `times` removals fail with this code, as while another program has the file, or a file of the folder, open. */
  refuseRemovals(times: number, code: 'EPERM' | 'EBUSY' | 'EACCES' | 'ENOTEMPTY'): void
  /** From now on the system cannot return real paths, as on RAM disks, `subst` drives and some network drives. */
  refuseRealPaths(code: 'EISDIR' | 'UNKNOWN' | 'ENOENT'): void
  /** Number of moves and removals refused so far. */
  readonly refused: number
}

/**
 * Makes `node:fs` refuse what Windows refuses and Linux allows: truncating a file through a handle that was opened for appending (libuv
 * opens it without the right to write data), and on request moves, removals and real paths.
 */
export function imitateWindowsFiles(): WindowsFiles {
  const { open, rename, realpath, rm } = fs
  const { renameSync, rmSync } = fsSync
  let left = 0
  let code = 'EPERM'
  let target = /./
  let removals = { left: 0, code: 'EBUSY' }
  let refused = 0
  function refuseRemoval(): void {
    if (removals.left === 0) return
    removals.left -= 1
    refused += 1
    throw failure(removals.code, 'rm')
  }
  function refuseMove(to: string): void {
    if (left === 0 || !target.test(to)) return
    left -= 1
    refused += 1
    throw failure(code, 'rename')
  }
  Object.assign(fs, {
    async open(path: string, flags: string | number = 'r', mode?: number): Promise<FileHandle> {
      const handle = await open(path, flags, mode)
      const appending = typeof flags === 'string' ? flags.startsWith('a') : (flags & fs.constants.O_APPEND) !== 0
      if (appending) handle.truncate = () => Promise.reject(failure('EPERM', 'ftruncate'))
      return handle
    },
    async rename(from: string, to: string): Promise<void> {
      refuseMove(to)
      await rename(from, to)
    },
    async rm(path: string, options?: RmOptions): Promise<void> {
      refuseRemoval()
      await rm(path, options)
    },
  })
  fsSync.renameSync = (from, to) => {
    refuseMove(String(to))
    renameSync(from, to)
  }
  fsSync.rmSync = (path, options) => {
    refuseRemoval()
    rmSync(path, options)
  }
  syncBuiltinESMExports()
  return {
    refuseMoves(times, as, to = /./) {
      left = times
      code = as
      target = to
    },
    refuseRemovals(times, as) {
      removals = { left: times, code: as }
    },
    refuseRealPaths(as) {
      Object.assign(fs, { realpath: () => Promise.reject(failure(as, 'realpath')) })
      syncBuiltinESMExports()
    },
    get refused() {
      return refused
    },
    [Symbol.dispose]() {
      Object.assign(fs, { open, rename, realpath, rm })
      Object.assign(fsSync, { renameSync, rmSync })
      syncBuiltinESMExports()
    },
  }
}

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: operation not permitted, ${syscall}`), { code, syscall })
}
