import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { app } from 'electron'
import { moveSync } from '../platform/move.ts'

/** What was kept under a name in the shell's own folder; undefined for nothing, or what cannot be read. */
export function readStored(name: string): unknown {
  try {
    return JSON.parse(readFileSync(placeOf(name), 'utf8'))
  } catch {
    return undefined // the first start, or a file that somebody damaged: the app begins as new
  }
}

/** Keeps plain data under a name. What cannot be written is forgotten: it is a comfort, and no work of anybody's. */
export function writeStored(name: string, value: unknown): void {
  const file = placeOf(name)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.part`, JSON.stringify(value))
    moveSync(`${file}.part`, file)
  } catch {
    // A full or a read-only disk is told about where work is lost.
  }
}

function placeOf(name: string): string {
  return join(app.getPath('userData'), `${name}.json`)
}
