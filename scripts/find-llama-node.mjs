import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '1.7.15'
/** A package for each system. As a dependency, the builds for GPUs would come along, with a hundred megabytes. */
const PACKAGES = ['@fugood/llama.node', `@fugood/node-llama-${process.platform}-${process.arch}`]
/** Without a network, npm tries for many minutes. */
const MAX_INSTALL_MS = 180_000
const cache = fileURLToPath(new URL('../node_modules/.cache/llama-node', import.meta.url))

/** Folder with llama.cpp's own multimodal code (mtmd) as an npm package in its node_modules; null if there is none. @returns {string | null} */
export function findLlamaNode() {
  return PACKAGES.every((name) => existsSync(join(cache, 'node_modules', name, 'package.json'))) ? cache : null
}

/** Runs before the tests: downloads the package. Errors are ignored: without it, the tests are skipped. @returns {void} */
export function setup() {
  if (findLlamaNode() !== null) return
  mkdirSync(cache, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const packages = PACKAGES.map((name) => `${name}@${VERSION}`)
  spawnSync(
    npm,
    ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', ...packages],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: MAX_INSTALL_MS,
      shell: npm.endsWith('.cmd'),
    },
  )
}
