/** Which packages of `package-lock.json` are shipped. The lock file lists them for every system, whatever is installed on this one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'
import { z } from 'zod'

const namesSchema = z.record(z.string(), z.string()).default({})
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dependencies: namesSchema,
      optionalDependencies: namesSchema,
      peerDependencies: namesSchema,
      peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).default({}),
    }),
  ),
})
type Lock = z.infer<typeof lockSchema>['packages']

/** A package at its place below the repository. */
export interface LockPackage {
  readonly path: string
  readonly name: string
  readonly version: string
  /** SPDX expression; null if its `package.json` names none. */
  readonly licence: string | null
}

const INSTALLED = 'node_modules/'

/** The packages that are installed with ours, those whose code is built into the program, and the version of any package at the top. */
export function shippedPackages(root: string): {
  readonly installed: readonly LockPackage[]
  readonly bundled: readonly LockPackage[]
  readonly versionOf: (name: string) => string | undefined
} {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  const own = packages['']
  const direct = own ? [...Object.keys(own.dependencies), ...Object.keys(own.optionalDependencies)] : []
  return {
    installed: closureOf(packages, direct),
    // Types are no code.
    bundled: closureOf(packages, importsOf(root)).filter(({ name }) => !name.startsWith('@types/')),
    versionOf: (name) => packages[`${INSTALLED}${name}`]?.version,
  }
}

/** Names of the packages that the sources import. Electron is a part of its own. */
function importsOf(root: string): string[] {
  const found = new Set<string>()
  for (const file of globSync('src/**/*.{ts,tsx,css}', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, from] of text.matchAll(/(?:from|import|import\(|url\()\s*['"]((?:@[\w-]+\/)?[a-z][\w.-]*)(?:\/[^'"]*)?['"]/g))
      if (from) found.add(from)
  }
  found.delete('electron')
  return [...found]
}

/** The named packages and everything that they need, by name and place. */
function closureOf(packages: Lock, roots: readonly string[]): LockPackage[] {
  const found = new Map<string, LockPackage>()
  const visit = (name: string, from: string) => {
    const path = placeOf(packages, name, from)
    const entry = path === null ? undefined : packages[path]
    if (path === null || entry?.version === undefined || found.has(path)) return
    found.set(path, { path, name, version: entry.version, licence: entry.license ?? null })
    const peers = Object.keys(entry.peerDependencies).filter((peer) => !entry.peerDependenciesMeta[peer]?.optional)
    for (const needed of [...Object.keys(entry.dependencies), ...Object.keys(entry.optionalDependencies), ...peers]) visit(needed, path)
  }
  for (const name of roots) visit(name, '')
  return [...found.values()]
}

/** Where Node finds a package that the one at `from` asks for; null for an optional one that the lock file lacks. */
function placeOf(packages: Lock, name: string, from: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf(INSTALLED)).replace(/\/$/, '')) {
    const path = folder === '' ? `${INSTALLED}${name}` : `${folder}/${INSTALLED}${name}`
    if (path in packages) return path
    if (folder === '') return null
  }
}
