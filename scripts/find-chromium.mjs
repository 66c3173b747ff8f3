import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { chromium } from '@playwright/test'

const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/**
 * Finds a Chromium for the tests of the page: the one in PLAYWRIGHT_CHROMIUM, Playwright's own download, or the system's.
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env.PLAYWRIGHT_CHROMIUM
  if (named) {
    if (!runs(named)) throw new Error(`PLAYWRIGHT_CHROMIUM is ${named}, which is not an executable file.`)
    return named
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const system = systemNames.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [chromium.executablePath(), ...system].find(runs)
}

/** Runs before the tests: installs a Chromium if there is none. @returns {void} */
export default function setup() {
  if (findChromium()) return
  // Debian's package needs no host other than the system's package source.
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    run('apt-get', ['update', '-qq'], quiet)
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'], quiet)
    if (findChromium()) return
  }
  const cli = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js')
  run(process.execPath, [cli, 'install', 'chromium'])
  if (!findChromium())
    throw new Error('Chromium was not found and could not be installed. Install it, or set PLAYWRIGHT_CHROMIUM to its path.')
}

/** @param {string} path */
function runs(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs a program with its output on the terminal. Errors are ignored, since the caller checks for a Chromium afterwards.
 * @param {string} program @param {string[]} args @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(program, args, options = {}) {
  spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
}
