import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, open, readFile, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { TarsierError } from '../shared/errors.ts'
import { isDiskFull } from './file-failure.ts'
import { isProcessRunning } from './is-process-running.ts'
import { remove } from './move.ts'

/** Interval between heartbeats in milliseconds. A heartbeat sets the time of the lock file. */
const HEARTBEAT_MS = 5000
const MAX_ATTEMPTS = 20
const WAIT_MS = 50
/** A lock without a heartbeat for so long belongs to a process that has ended, even if its process id is in use again. */
const STALE_MS = 30_000
/** Interval in milliseconds at which a lock that is waited for is tried again. */
const RETRY_MS = 500

/** Content of a lock file, as JSON. Older versions wrote the process id alone. */
const holderSchema = z.object({
  process: z.int().positive(),
  /** See {@link processSpace}. */
  space: z.string(),
  /** Identifies the lock, because a process may lock the same file several times. */
  token: z.string().optional(),
})
type Holder = z.infer<typeof holderSchema>

/**
 * Prevents a second process from writing where this one does, with a lock file at `path`, whose folder is created. Throws the result of `busy` if
 * another process holds the lock; its argument is the holder's process id, or null if the holder runs on another machine or in another container.
 * The lock of a process that has ended is taken over: at once if its process id is not in use, otherwise {@link STALE_MS} after its last heartbeat.
 */
export async function holdLock(path: string, busy: (holder: number | null) => TarsierError): Promise<AsyncDisposable> {
  const taken = await takeLock(path)
  if (taken.kind === 'busy') throw busy(taken.holder)
  return taken.lock
}

/**
 * As {@link holdLock}, but waits while another process, or this one, holds the lock, until the signal aborts. `onWait` is called at every attempt with
 * the holder's process id, or null as above. Several processes get the lock in any order.
 */
export async function awaitLock(path: string, signal: AbortSignal, onWait: (holder: number | null) => void): Promise<AsyncDisposable> {
  for (;;) {
    signal.throwIfAborted()
    const taken = await takeLock(path)
    if (taken.kind === 'held') return taken.lock
    onWait(taken.holder)
    await sleep(RETRY_MS, undefined, { signal })
  }
}

/** Whether a running process holds the lock at `path`. */
export async function isLocked(path: string): Promise<boolean> {
  return (await liveHolder(path)) !== null
}

/** As {@link holdLock}, but returns null if another process, or this one, holds the lock. */
export async function lockUnlessHeld(path: string): Promise<AsyncDisposable | null> {
  const taken = await takeLock(path)
  return taken.kind === 'held' ? taken.lock : null
}

/**
 * Runs `removal`, which frees disk space, while this process holds the lock at `path`; does nothing if another process holds it. A full disk has no
 * room for a lock file, and only the removal makes some, so it then runs without the lock.
 */
export async function removeUnlessLocked(path: string, removal: () => Promise<void>): Promise<void> {
  const taken = await takeLock(path).catch(async (error: unknown) => {
    if (!isDiskFull(error) || (await liveHolder(path)) !== null) throw error
    return null
  })
  if (taken?.kind === 'busy') return
  try {
    await removal()
  } finally {
    await taken?.lock[Symbol.asyncDispose]()
  }
}

type Taken = { readonly kind: 'held'; readonly lock: AsyncDisposable } | { readonly kind: 'busy'; readonly holder: number | null }

async function takeLock(path: string): Promise<Taken> {
  await mkdir(dirname(path), { recursive: true })
  const own: Holder = { process: process.pid, space: processSpace(), token: randomUUID() }
  for (let attempt = 0; !(await create(path, own)); attempt++) {
    const holder = await liveHolder(path)
    if (holder !== null || attempt >= MAX_ATTEMPTS) return { kind: 'busy', holder: holder?.process ?? null }
    await removeStale(path)
  }
  // Another process takes the lock over if this one was suspended for too long.
  const isOwn = async () => (await holderIn(path))?.token === own.token
  const heartbeat = setInterval(async () => {
    const now = new Date()
    // If the folder is gone, whatever writes there next reports it.
    if (await isOwn()) await utimes(path, now, now).catch(() => {})
  }, HEARTBEAT_MS)
  heartbeat.unref()
  const lock = {
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      if (await isOwn()) await remove(path)
    },
  }
  return { kind: 'held', lock }
}

/** Creates a file with its content. Returns false if it exists. */
async function create(path: string, holder: Holder): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx')
      try {
        await file.writeFile(JSON.stringify(holder))
      } catch (error) {
        await file.close()
        await remove(path) // an empty file would count as the lock of another process
        throw error
      }
      await file.close()
      return true
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EEXIST') return false
      if (!isBeingRemoved(code) || attempt >= MAX_ATTEMPTS) throw error
      await sleep(WAIT_MS)
    }
  }
}

/**
 * Removes the lock of a process that has ended. Only one process at a time may do this, or a second one would remove the lock that the first one has
 * created in the meantime.
 */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.removing`
  if (!(await create(guard, { process: process.pid, space: processSpace() }))) {
    if ((await liveHolder(guard)) === null) await remove(guard)
    else await sleep(WAIT_MS)
    return
  }
  try {
    if ((await liveHolder(path)) === null) await remove(path)
  } finally {
    await remove(guard)
  }
}

/** On Windows a removed file keeps its name until every program has closed it. */
function isBeingRemoved(code: unknown): boolean {
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY')
}

/** Returns the holder of a lock, with its process id if that is known here; null if it has ended. */
async function liveHolder(path: string): Promise<{ readonly process: number | null } | null> {
  const info = await stat(path).catch(() => null)
  if (info === null || Date.now() - info.mtimeMs > STALE_MS) return null
  const holder = await holderIn(path)
  // Not written yet, of an older version, or of a process that cannot be looked up from here: only its heartbeat counts.
  if (holder?.space !== processSpace()) return { process: null }
  return isProcessRunning(holder.process) ? holder : null
}

/** Returns the content of a lock file; null if it does not exist, is not written yet, or is of an older version. */
async function holderIn(path: string): Promise<Holder | null> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}

/**
 * Identifies where process ids have the same meaning as here. On Linux that is one PID namespace of one boot: containers that share a home folder have
 * separate ones, each of which counts from 1. On other systems it is the machine.
 */
function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname() // not Linux
  }
}
