import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'

const LOCK_FILE = '.downloading'
const BEAT_MS = 5000
/** A lock that has not been touched for so long belongs to a process that died, whoever has its number now. */
const STALE_MS = 30_000

/**
 * Keeps a second process from writing into the same parts. Throws `download-busy` while another one holds the folder; the lock of a
 * process that died is taken over.
 */
export async function lockFolder(folder: string, what: string): Promise<AsyncDisposable> {
  const path = join(folder, LOCK_FILE)
  await mkdir(folder, { recursive: true })
  for (let attempt = 0; ; attempt++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(String(process.pid))
      await file.close()
      break
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error
      const holder = await liveHolder(path)
      if (holder === null && attempt < 3) {
        await rm(path, { force: true })
        continue
      }
      throw new TarsierError(
        'download-busy',
        `${what} is being downloaded by another process (${holder ?? 'unknown'}). Wait until it is done, or end it: what it fetched stays.`,
        {
          details: { process: holder },
        },
      )
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {}) // gone: somebody removed the folder, and the download will say so
  }, BEAT_MS)
  beat.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beat)
      await rm(path, { force: true })
    },
  }
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
