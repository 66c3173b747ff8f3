import { rmSync } from 'node:fs'

/**
 * Removes a home folder with a library. On Windows the library's file may remain: SQLite closes it only when its statements have been
 * garbage-collected, and the package cannot finalize them.
 */
export function removeDataFolder(home: string): void {
  try {
    rmSync(home, { recursive: true, force: true })
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}
