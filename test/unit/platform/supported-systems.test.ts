import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { expectSupportedSystem, supportedSystems } from '../../../src/platform/supported-systems.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as {
  packages: Record<string, { integrity?: string; inBundle?: boolean; link?: boolean; version?: string }>
}
const locked = (name: string) => lock.packages[`node_modules/${name}`]

/** Names of a system's binaries: separate packages in the lock, or folders of a package with those of all systems. */
function binariesOf(system: string): { packages: string[]; folders: string[] } {
  const [platform, arch] = system.split('-') as [string, string]
  const llama = { darwin: 'mac-arm64-metal', win32: `win-${arch}`, linux: `linux-${arch}` }[platform]
  return {
    packages: [
      `@node-llama-cpp/${llama}`,
      `@img/sharp-${system}`,
      `@koromix/koffi-${system}`,
      `@seydx/node-av-${platform === 'win32' ? `${system}-msvc` : system}`,
    ],
    folders: [`onnxruntime-node/bin/napi-v6/${platform}/${arch}`, `@photostructure/sqlite/prebuilds/${system}`],
  }
}

describe('supported systems', () => {
  it.each(supportedSystems)('%s has a binary of every native package', (system) => {
    const { packages, folders } = binariesOf(system)
    for (const name of packages) expect(locked(name)?.integrity, name).toMatch(/^sha512-/)
    for (const folder of folders) expect(existsSync(`${root}node_modules/${folder}`), folder).toBe(true)
    expect(() => expectSupportedSystem(system)).not.toThrow()
  })

  it('are those that the README names', () => {
    const readme = readFileSync(`${root}README.md`, 'utf8')
    expect(readme).toContain('on Linux or Windows (x64 or arm64), or on a Mac with Apple silicon')
  })

  it('exclude Intel Macs with an explanation', () => {
    expect(() => expectSupportedSystem('darwin-x64')).toThrow(expect.objectContaining({ code: 'native-library' }))
    expect(() => expectSupportedSystem('darwin-x64')).toThrow('Intel')
  })
})

it('the lock has a hash of every package for every system', () => {
  // npm silently omits an optional package if the registry had none when the lock was made.
  const without = Object.entries(lock.packages).filter(
    ([path, { integrity, inBundle, link }]) => path !== '' && !inBundle && !link && !integrity,
  )
  expect(without.map(([path]) => path)).toEqual([])
})
