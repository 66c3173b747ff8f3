import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface ProgramFile {
  readonly path: string
  /** Whether it is TypeScript, which Node needs a loader for. */
  readonly isSource: boolean
}

/**
 * The program `name` beside the module at `url`. A built module finds the built program. In tests and tools, whose modules are sources, it is the
 * source, or the built one in the folder that `TARSIER_BUILT_PROGRAMS` names, which starts in a fraction of the time.
 */
export function programFile(url: string, name: string): ProgramFile {
  const beside = (extension: string) => fileURLToPath(new URL(`./${name}.${extension}`, url))
  if (!url.endsWith('.ts')) return { path: beside('js'), isSource: false }
  const built = process.env.TARSIER_BUILT_PROGRAMS
  const path = built === undefined ? '' : join(built, `${name}.js`)
  return existsSync(path) ? { path, isSource: false } : { path: beside('ts'), isSource: true }
}
