import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TarsierError } from '../shared/errors.ts'

const BEAT_MS = 5000
const MAX_ATTEMPTS = 20
const WAIT_MS = 50
/** A lock that has not been touched for so long belongs to a process that died, whoever has its number now. */
const STALE_MS = 30_000

/**
 * Keeps a second process from writing where this one does: makes the file `path`, and its folder. Throws what `busy` makes of the
 * holder's process number (null where it cannot be told); the lock of a process that died is taken over.
 */
export async function holdLock(path: string, busy: (holder: number | null) => TarsierError): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true })
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(String(process.pid))
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
        await rm(path, { force: true })
        continue
      }
      throw busy(holder)
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {}) // gone: somebody removed the folder, and whoever writes there will say so
  }, BEAT_MS)
  beat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      await rm(path, { force: true })
    },
  }
}

function isBeingRemoved(code: unknown): boolean {
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EACCES' || code === 'EBUSY')
}

/** The process that holds the lock; null when it is dead. */
async function liveHolder(path: string): Promise<number | null> {
  const facts = await stat(path).catch(() => null)
  if (facts === null || Date.now() - facts.mtimeMs > STALE_MS) return null
  const id = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10)
  // Just made, and not yet written: somebody is at it.
  if (!(id > 0)) return 0
  try {
    process.kill(id, 0)
    return id
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? null : id
  }
}
