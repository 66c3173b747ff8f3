import { lstatSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * Replaces libraries of llama.cpp's Vulkan build that are the same, byte by byte, in the build for the CPU by relative links to those. Only for
 * Linux: there is no such build for macOS, and Windows needs rights for links.
 * @param {string} modules the packaged app's unpacked `node_modules`
 * @returns {string[]} paths of the links
 */
export function shareLibraries(modules) {
  const scope = join(modules, '@node-llama-cpp')
  return readdirSync(scope)
    .filter((name) => /^linux-[^-]+-vulkan$/.test(name))
    .flatMap((name) => {
      const build = name.replace('-vulkan', '')
      const [from, to] = [join(scope, name, 'bins', name), join(scope, build, 'bins', build)]
      const known = new Set(readdirSync(to))
      return readdirSync(from)
        .filter((file) => known.has(file) && isSame(join(from, file), join(to, file)))
        .map((file) => {
          const path = join(from, file)
          rmSync(path)
          symlinkSync(relative(from, join(to, file)), path)
          return path
        })
    })
}

/** @param {string} one @param {string} other */
function isSame(one, other) {
  return lstatSync(one).size === lstatSync(other).size && readFileSync(one).equals(readFileSync(other))
}
