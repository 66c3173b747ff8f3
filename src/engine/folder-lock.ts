import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, open, readFile, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { remove } from '../platform/move.ts'
import type { TarsierError } from '../shared/errors.ts'

/** Interval between two signs of life, in milliseconds: the holder sets the file's time. */
const HEARTBEAT_MS = 5000
const MAX_ATTEMPTS = 20
const WAIT_MS = 50
/** A lock without a sign of life for so long belongs to a process that died, whichever process has its number now. */
const STALE_MS = 30_000

/** What a lock file says, as JSON. Older versions wrote the process number alone. */
const holderSchema = z.object({
  process: z.int().positive(),
  /** See {@link processSpace}. */
  space: z.string(),
})

/**
 * Keeps a second process from writing where this one does: makes the file `path`, and its folder. Throws what `busy` makes of the
 * holder's process number (null where that says nothing here: the holder runs on another machine or in another container). The lock of a
 * process that died is taken over: at once where its number tells that it is gone, else {@link STALE_MS} after its last sign of life.
 */
export async function holdLock(path: string, busy: (holder: number | null) => TarsierError): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true })
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(JSON.stringify({ process: process.pid, space: processSpace() } satisfies z.infer<typeof holderSchema>))
      await file.close()
      break
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      // On Windows a file that was removed keeps its name until whoever has it open closes it.
      if (isBeingRemoved(error.code) && attempt < MAX_ATTEMPTS) {
        await sleep(WAIT_MS)
        continue
      }
      if (error.code !== 'EEXIST') throw error
      const holder = await liveHolder(path)
      if (holder === null && attempt < MAX_ATTEMPTS) {
        await remove(path)
        continue
      }
      throw busy(holder?.process ?? null)
    }
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {}) // gone: somebody removed the folder, and whoever writes there will say so
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      await remove(path)
    },
  }
}

function isBeingRemoved(code: unknown): boolean {
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY')
}

/** Whoever holds the lock, with its process number where that means something here; null when it is dead. */
async function liveHolder(path: string): Promise<{ readonly process: number | null } | null> {
  const info = await stat(path).catch(() => null)
  if (info === null || Date.now() - info.mtimeMs > STALE_MS) return null
  const holder = holderIn(await readFile(path, 'utf8').catch(() => ''))
  // Not written yet, of an older version, or of a process that cannot be looked up from here: its sign of life alone counts.
  if (holder?.space !== processSpace()) return { process: null }
  try {
    process.kill(holder.process, 0)
    return holder
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? null : holder
  }
}

function holderIn(text: string): z.infer<typeof holderSchema> | null {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return null // the number alone, or not written yet
  }
}

/**
 * Names where process numbers mean the same as here. On Linux that is one PID namespace of one boot: containers on one machine, which may have
 * one home folder, have different ones, and each counts its processes from 1. Elsewhere it is the machine.
 */
function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname() // not Linux
  }
}
