import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFailure } from '../platform/file-failure.ts'
import { remove } from '../platform/move.ts'

/** In the home folder. On Windows, its user's profile keeps others out. */
const FILE = 'server-token'
const MODE = 0o600

/**
 * The token of a home folder, so that a restarted server accepts the pages and programs of before. Only the user can read its file; a file that others
 * could read, or that holds no token, is replaced. Throws `write-failed` and `disk-full`.
 */
export async function homeToken(home: string): Promise<string> {
  const path = join(home, FILE)
  const kept = await readToken(path)
  if (kept !== null) return kept
  const token = randomBytes(24).toString('base64url')
  try {
    await mkdir(home, { recursive: true })
    await remove(path)
    await writeFile(path, `${token}\n`, { mode: MODE, flag: 'wx' })
    // The mode of a new file is limited by the umask, but never widened by it.
    await chmod(path, MODE)
  } catch (error) {
    throw writeFailure(`${path} could not be written`, error, { ifFull: 'Free disk space and start the server again.' })
  }
  return token
}

async function readToken(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) return null
    const token = (await readFile(path, 'utf8')).trim()
    return /^[A-Za-z0-9_-]{16,}$/.test(token) ? token : null
  } catch {
    return null // There is none yet, or it cannot be read: a new one is written, which says why if it fails.
  }
}
