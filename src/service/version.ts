import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns the app's version; `unknown` if its package.json is missing. */
export function appVersion(): string {
  return ownPackage().version
}

/** Returns the folder that the program is installed in. */
export function programFolder(): string {
  return ownPackage().folder
}

/** The nearest package.json of the app above this file: sources and builds have different depths. */
function ownPackage(): { readonly folder: string; readonly version: string } {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const file = join(directory, 'package.json')
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown }
      if (manifest.name === 'tarsier-desktop' && typeof manifest.version === 'string')
        return { folder: directory, version: manifest.version }
    }
    if (dirname(directory) === directory) return { folder: dirname(fileURLToPath(import.meta.url)), version: 'unknown' }
  }
}
