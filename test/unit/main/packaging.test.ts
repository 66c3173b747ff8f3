import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import config from '../../../electron-builder.config.mjs'

describe('file associations', () => {
  const script = readFileSync(new URL('../../../resources/windows/open-with.nsh', import.meta.url), 'utf8')
  const associations = [config.linux?.fileAssociations ?? []].flat()

  it('are equal on every system', () => {
    expect(config.mac?.fileAssociations).toEqual(associations)
    const extensions = associations.flatMap(({ ext }) => ext)
    expect([...script.matchAll(/\$\{DO\} "(\w+)"/g)].map(([, ext]) => ext)).toEqual(extensions)
    expect(extensions.length).toBeGreaterThan(6)
  })

  it('do not replace the default program', () => {
    // electron-builder would write the extension's own value on Windows.
    expect(config.fileAssociations).toBeUndefined()
    expect(config.win?.fileAssociations).toBeUndefined()
    expect(script).not.toMatch(/Classes\\\.\$\{EXT\}" ""/)
    for (const { rank } of associations) expect(rank).toBe('Alternate')
  })
})

describe('a package for macOS', () => {
  const load = async () => (await import('../../../electron-builder.config.mjs')).default
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.resetModules()
  })

  it('is signed ad hoc without a certificate, because it would not start with changed fuses otherwise', async () => {
    vi.stubEnv('CSC_LINK', '')
    vi.stubEnv('CSC_NAME', '')
    vi.resetModules()
    expect((await load()).mac).toMatchObject({ identity: '-', hardenedRuntime: false })
  })

  it('is signed with a given certificate', async () => {
    vi.stubEnv('CSC_NAME', 'Somebody')
    vi.resetModules()
    const { mac } = await load()
    expect(mac).not.toHaveProperty('identity')
    expect(mac).not.toHaveProperty('hardenedRuntime')
  })

  it('is for Apple silicon only', () => {
    expect(config.mac?.target).toEqual([
      { target: 'dmg', arch: ['arm64'] },
      { target: 'zip', arch: ['arm64'] },
    ])
  })
})
