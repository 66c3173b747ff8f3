import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** node-llama-cpp's native part, in the folder of each build. */
export const ADDON = 'llama-addon.node'
const SYSTEMS: Readonly<Record<string, string>> = { linux: 'linux', win32: 'win' }
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'x64', arm64: 'arm64', arm: 'armv7l' }

/**
 * Path of the addon of the build without a GPU that npm installs with node-llama-cpp; undefined where there is none, as on macOS. It chooses the code for
 * the processor when it is loaded, so nothing needs to be known about the machine.
 */
export function packagedCpuAddon(system: NodeJS.Platform = process.platform, processor: string = process.arch): string | undefined {
  const build = `${SYSTEMS[system]}-${PROCESSORS[processor]}`
  try {
    const library = createRequire(import.meta.url).resolve('node-llama-cpp')
    const entry = createRequire(library).resolve(`@node-llama-cpp/${build}`)
    const path = join(dirname(entry), '..', 'bins', build, ADDON).replace(/\bapp\.asar(?=[\\/])/, 'app.asar.unpacked')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined // not installed, as for other systems
  }
}
