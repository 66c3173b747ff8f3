/** Collects the licences of everything that is shipped, with their texts, for `resources/licences/licences.json`. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import spdx from 'spdx-license-list/full.js'
import { z } from 'zod'
import { type Licences, type LicensedComponent, licenceIds, licencesSchema } from '../../src/shared/licences.ts'
import { OF_ONE_SYSTEM, PARTS, type Part, UNNAMED } from './by-hand.ts'
import { type LockPackage, shippedPackages } from './lock-packages.ts'

const FILE = /^(licen[cs]e|copying|copyright|unlicen[cs]e|notice)([-.].*)?$/i
const packageSchema = z.object({ version: z.string() })

/**
 * Collects from the lock file, the installed packages, and what is known by hand. Texts of packages that this machine has not installed are taken
 * from `earlier`, the file as it was, so that the result is the same on every system.
 */
export function collectLicences(root: string, earlier: Licences | null): Licences {
  const texts = new Map<string, string>()
  const keep = (id: string, text: string) => {
    texts.set(id, text)
    return id
  }
  const standard = (licence: string): string[] =>
    licenceIds(licence).flatMap((id) => {
      const text = spdx[id]?.licenseText
      // The LGPL 3 is an addition to the GPL 3.
      const more = id.startsWith('LGPL-3.0') ? standard('GPL-3.0-or-later') : []
      return text === undefined ? more : [keep(`spdx:${id}`, tidy(text)), ...more]
    })
  const kept = (files: readonly string[]) => files.map((file) => keepText(keep, readFileSync(join(root, file), 'utf8')))

  const { installed, bundled, versionOf: locked } = shippedPackages(root)
  const ofPackage = (found: LockPackage, kind: 'package' | 'bundled'): LicensedComponent => {
    const { name, version } = found
    const licence = found.licence ?? UNNAMED[name]?.licence
    if (licence === undefined) throw new Error(`${name} ${version} names no licence. Find it out, and add it to tools/licences/by-hand.ts.`)
    const own = ownTexts(root, found, installed, earlier)
    const ids = 'ids' in own ? own.ids.map((id) => keep(id, needed(earlier?.texts[id]))) : own.texts.map((text) => keepText(keep, text))
    const source = UNNAMED[name]?.source
    const isStandard = ids.length === 0
    return {
      name,
      version,
      licence,
      kind,
      ...(source !== undefined && { note: source }),
      ...(isStandard && { standard: true }),
      // A file of one of several licences is completed by the others' standard texts.
      texts: isStandard ? standard(licence) : [...ids, ...(isOfOneSystem(name) ? standard(licence.replace('Apache-2.0', '')) : [])],
    }
  }
  const ofPart = ({ files, versionOf, version, ...part }: Part): LicensedComponent => {
    const known = versionOf === undefined ? version : locked(versionOf)
    return {
      ...part,
      ...(known !== undefined && { version: known }),
      kind: 'part',
      ...(files === undefined && { standard: true }),
      texts: files === undefined ? standard(part.licence) : kept(files),
    }
  }
  const components = new Map<string, LicensedComponent>()
  for (const [list, kind] of [[installed, 'package'] as const, [bundled, 'bundled'] as const]) {
    for (const found of list) {
      const key = `${found.name}@${found.version}`
      if (!components.has(key)) components.set(key, ofPackage(found, kind))
    }
  }
  const all = [...components.values(), ...PARTS.map(ofPart)]
  return {
    components: all.sort((a, b) => compare(sortKey(a), sortKey(b))),
    texts: Object.fromEntries([...texts].sort(([a], [b]) => compare(a, b))),
  }
}

/** Reads the file that {@link collectLicences} wrote; null if there is none, or an outdated form of it. */
export function readLicences(file: string): Licences | null {
  if (!existsSync(file)) return null
  const { data } = licencesSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  return data ?? null
}

type Texts = { readonly texts: readonly string[] } | { readonly ids: readonly string[] }

/** The texts in a package's own files: read here if it is installed, or else as they were read earlier. */
function ownTexts(root: string, found: LockPackage, installed: readonly LockPackage[], earlier: Licences | null): Texts {
  const { name, version, path } = found
  const rule = OF_ONE_SYSTEM.find(({ prefix }) => name.startsWith(prefix))
  if (rule) {
    const owner = installed.find((other) => other.name === rule.owner)
    return owner ? ownTexts(root, owner, installed, earlier) : { texts: [] }
  }
  const folder = join(root, path)
  if (
    existsSync(join(folder, 'package.json')) &&
    packageSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version === version
  )
    return { texts: textsIn(folder) }
  const known = earlier?.components.find(
    (component) => component.kind !== 'part' && component.name === name && component.version === version,
  )
  if (known) return { ids: known.standard ? [] : known.texts }
  throw new Error(
    `${name} ${version} is not installed, so its licence cannot be read. Run "npm install --ignore-scripts" once, which installs optional packages too.`,
  )
}

/** Reads the licence files of a package; a notice comes last. */
function textsIn(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && FILE.test(entry.name))
    .map(({ name }) => name)
  const rank = (name: string) => (/^notice/i.test(name) ? 1 : 0)
  return files.sort((a, b) => rank(a) - rank(b) || compare(a, b)).map((name) => readFileSync(join(folder, name), 'utf8'))
}

function isOfOneSystem(name: string): boolean {
  return OF_ONE_SYSTEM.some(({ prefix }) => name.startsWith(prefix))
}

function keepText(keep: (id: string, text: string) => string, raw: string): string {
  const text = tidy(raw)
  return keep(createHash('sha256').update(text).digest('hex').slice(0, 12), text)
}

function tidy(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trim()
}

/** Scopes and capitals do not separate names that belong together. */
function sortKey({ name, version = '', within = '' }: LicensedComponent): string {
  return [name.toLowerCase().replace(/^@/, ''), version, within].join('\0')
}

/** By code points: the order of a locale is not the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function needed<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Error('resources/licences/licences.json is damaged: delete it, and generate it where all packages are installed.')
  return value
}
