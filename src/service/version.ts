import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns the app's version, from the nearest package.json above this file (sources and builds have different depths). */
export function appVersion(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const file = join(directory, 'package.json')
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown }
      if (manifest.name === 'tarsier-desktop' && typeof manifest.version === 'string') return manifest.version
    }
    if (dirname(directory) === directory) return 'unknown'
  }
}
