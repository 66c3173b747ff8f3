import { rmSync } from 'node:fs'

/**
 * Removes a home folder that had a library in it. On Windows the library's file may stay behind: SQLite closes it only when its statements have been
 * garbage-collected, and the package has no way to finalize them.
 */
export function removeDataFolder(home: string): void {
  try {
    rmSync(home, { recursive: true, force: true })
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}
