import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { escapePath, glob } from 'tinyglobby'

/**
 * Paths with `*` and `?` as the files they stand for, sorted by name: cmd and PowerShell leave that to the program. What exists under the very
 * name is itself, and a pattern that nothing matches stays as it is, so that it is reported as missing.
 * @param windows whether `\` separates folders; defaults to what this system does
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
    expanded.push(...(found.length > 0 ? found.sort() : [path]))
  }
  return expanded
}
