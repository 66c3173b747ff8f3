import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { escapePath, glob } from 'tinyglobby'

/**
 * Expands `*` and `?` in paths, sorted by name, because cmd and PowerShell do not. An existing path is kept as it is, and so is a pattern
 * without matches, so that it is reported as missing.
 * @param windows whether `\` separates folders. Defaults to this system's rule.
 */
export async function expandPatterns(paths: readonly string[], windows = process.platform === 'win32'): Promise<string[]> {
  const expanded: string[] = []
  for (const path of paths) {
    if (!/[*?]/.test(path) || existsSync(path)) {
      expanded.push(path)
      continue
    }
    const pattern = (windows ? path.replaceAll('\\', '/') : path)
      .split(/([*?]+)/)
      .map((part) => (/^[*?]/.test(part) ? part : escapePath(part)))
      .join('')
    const found = await glob(pattern, {
      expandDirectories: false,
      onlyFiles: false,
      caseSensitiveMatch: !windows,
      absolute: isAbsolute(path),
    })
    // Not as arguments of `push`, of which there may not be more than about 100,000.
    for (const name of found.length > 0 ? found.sort() : [path]) expanded.push(name)
  }
  return expanded
}
