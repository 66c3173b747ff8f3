import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder `name` of the app's resources that holds `file`: beside the app when packaged, else in `resources/` of the package; null when it is in neither. */
export function resourceFolder(name: string, file: string): string | null {
  const { resourcesPath: packaged } = process as { readonly resourcesPath?: string } // Electron's alone
  const candidates = packaged === undefined ? [] : [join(packaged, name), join(packaged, 'resources', name)]
  // The sources and the build lie at different depths below the package.
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    candidates.push(join(directory, 'resources', name))
    if (existsSync(join(directory, 'package.json')) || dirname(directory) === directory) break
  }
  return candidates.find((candidate) => existsSync(join(candidate, file))) ?? null
}
