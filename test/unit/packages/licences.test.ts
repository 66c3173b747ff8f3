import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DatabaseSync } from '@photostructure/sqlite'
import { getFFmpegInfo } from 'node-av/lib'
import sharp from 'sharp'
import spdx from 'spdx-license-list'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { licenceTexts, licensedComponents } from '../../../src/service/licences.ts'
import { licenceIds, licencesSchema } from '../../../src/shared/licences.ts'
import { NODE_AV_CONFIGURE, PARTS, UNNAMED } from '../../../tools/licences/by-hand.ts'
import { collectLicences } from '../../../tools/licences/collect.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'))
const written = licencesSchema.parse(read('resources/licences/licences.json'))
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string(), license: z.string().optional(), dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
})
const { '': _own, ...packages } = lockSchema.parse(read('package-lock.json')).packages
const versionOf = (name: string) => PARTS.find((part) => part.name === name)?.version

describe('the file of licences', () => {
  test('has every package that is installed with ours', () => {
    const listed = new Set(written.components.map(({ name, version }) => `${name}@${version}`))
    const installed = Object.entries(packages).filter(([, { dev, devOptional }]) => !dev && !devOptional)
    expect(installed.length).toBeGreaterThan(300)
    const names = installed.map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
    expect(names.filter((name) => !listed.has(name))).toEqual([])
  })

  test('has the packages that are built into the program', () => {
    const bundled = written.components.filter(({ kind }) => kind === 'bundled').map(({ name }) => name)
    expect(bundled).toEqual(
      expect.arrayContaining([
        'electron-updater',
        'openai',
        'zod',
        'react',
        'react-dom',
        'radix-ui',
        '@fontsource-variable/inter',
        'tailwindcss',
        'zustand',
      ]),
    )
    for (const tool of ['vite', 'electron', 'typescript']) expect(bundled).not.toContain(tool)
  })

  test('names a known licence for everything, with a text or an address', () => {
    for (const { name, licence, texts, source } of written.components) {
      const unknown = licenceIds(licence).filter((id) => !(id in spdx) && !id.startsWith('LicenseRef-'))
      expect(unknown, `${name}: ${licence}`).toEqual([])
      expect(texts.length > 0 || source !== undefined, name).toBe(true)
      expect(texts.filter((id) => (written.texts[id] ?? '').length < 100)).toEqual([])
    }
  })

  test('is complete where packages of other systems, and optional ones, are not installed', () => {
    const bare = mkdtempSync(join(tmpdir(), 'tarsier-licences-'))
    onTestFinished(() => rmSync(bare, { recursive: true, force: true }))
    for (const file of ['package-lock.json', 'LICENSE']) copyFileSync(join(root, file), join(bare, file))
    for (const folder of ['src', 'tools/licences']) cpSync(join(root, folder), join(bare, folder), { recursive: true })
    mkdirSync(join(bare, 'node_modules/electron'), { recursive: true })
    copyFileSync(join(root, 'node_modules/electron/LICENSE'), join(bare, 'node_modules/electron/LICENSE'))
    expect(collectLicences(bare, written)).toEqual(written)
  })

  test('says who of the unnamed has which licence, and why', () => {
    const nameless = Object.entries(packages).filter(([, { license, dev }]) => license === undefined && !dev)
    expect(nameless.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 13)).sort()).toEqual(Object.keys(UNNAMED).sort())
    for (const { licence, source } of Object.values(UNNAMED)) expect([licence, source]).not.toContain('')
  })
})

describe('what is known by hand is what is installed', () => {
  test('SQLite, libvips, llama.cpp', () => {
    using database = new DatabaseSync(':memory:')
    expect(database.prepare('SELECT sqlite_version() AS version').get()).toEqual({ version: versionOf('SQLite') })
    expect(sharp.versions.vips).toBe(versionOf('libvips'))
    expect(read('node_modules/node-llama-cpp/llama/llama.cpp.info.json')).toMatchObject({ tag: versionOf('llama.cpp') })
  })

  test('the notices of ONNX Runtime belong to its version', () => {
    // With another version, take LICENSE and ThirdPartyNotices.txt from Python's package onnxruntime of that version.
    expect(packages['node_modules/onnxruntime-node']?.version).toBe('1.30.0')
  })

  test('FFmpeg in node-av is built with GPL parts and libfdk-aac', () => {
    const { version, configuration } = getFFmpegInfo()
    const configure = configuration.split(' ')
    expect(configure).toEqual(expect.arrayContaining([...NODE_AV_CONFIGURE]))
    expect(configure).not.toContain('--enable-nonfree')
    expect(version).toBe(versionOf('FFmpeg in node-av'))
  })
})

describe('the service', () => {
  test('lists the components, and returns texts by their ids', async () => {
    const components = await licensedComponents()
    expect(components).toEqual(written.components)
    const sqlite = components.find(({ name }) => name === 'SQLite')
    expect(await licenceTexts(sqlite?.texts ?? [])).toEqual([expect.stringContaining('May you do good and not evil')])
    expect(await licenceTexts(['no such text', '__proto__', 'spdx:MIT'])).toEqual([expect.stringContaining('without restriction')])
  })
})
