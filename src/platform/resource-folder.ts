import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Returns the app's resource folder `name` that contains `file`: next to the packaged app, else in `resources/` of the package; null if neither
 * has it.
 */
export function resourceFolder(name: string, file: string): string | null {
  const { resourcesPath: packaged } = process as { readonly resourcesPath?: string } // only set in Electron
  const candidates = packaged === undefined ? [] : [join(packaged, name), join(packaged, 'resources', name)]
  // Sources and builds have different depths below the package.
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    candidates.push(join(directory, 'resources', name))
    if (existsSync(join(directory, 'package.json')) || dirname(directory) === directory) break
  }
  return candidates.find((candidate) => existsSync(join(candidate, file))) ?? null
}
