import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Returns the installed version of a dependency. Reads package.json from disk, because many packages do not export it. */
export function installedVersion(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  const file = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync)
  const manifest = file === undefined ? {} : (JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown })
  return typeof manifest.version === 'string' ? manifest.version : 'not installed'
}
