import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { app } from 'electron'
import { moveSync } from '../platform/move.ts'

/** Reads the value stored under a name in the shell's data folder. Returns undefined if it is missing or unreadable. */
export function readStored(name: string): unknown {
  try {
    return JSON.parse(readFileSync(placeOf(name), 'utf8'))
  } catch {
    return undefined // first start, or a damaged file: the app uses its defaults
  }
}

/** Stores plain data under a name. Write errors are ignored, because only window state and similar conveniences are lost. */
export function writeStored(name: string, value: unknown): void {
  const file = placeOf(name)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.part`, JSON.stringify(value))
    moveSync(`${file}.part`, file)
  } catch {
    // Full and read-only disks are reported where user data is lost.
  }
}

function placeOf(name: string): string {
  return join(app.getPath('userData'), `${name}.json`)
}
