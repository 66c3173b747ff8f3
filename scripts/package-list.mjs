/**
 * Lists the contents of the Linux package with sizes: `npm run --silent package:list [-- --json]`. electron-builder does everything that it does
 * for a real package, including the archive, but with an empty folder in place of Electron, so that nothing is downloaded. Fails if a native
 * library is in the archive, where no system can load it. Runs on Linux, whose binaries `npm install` has installed there.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Arch, build, Platform } from 'electron-builder'
import config from '../electron-builder.config.mjs'
import { contentsOf, grouped, lostIn, together } from './package-contents.mjs'

/** Groups with fewer bytes are merged into one. */
const SMALL = 200_000

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'tarsier-package-'))

try {
  const entries = contentsOf(await pack())
  const groups = grouped(entries)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ ...together(systemName(), groups), groups }, null, 2))
  else print(groups)
  const lost = lostIn(entries)
  if (lost.length > 0) {
    console.error(`These files are in the archive and cannot be loaded from there:\n${lost.join('\n')}`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** @returns {Promise<string>} the folder of resources that was packed */
async function pack() {
  // electron-builder's log is not needed here; it throws errors.
  const write = process.stdout.write
  process.stdout.write = () => true
  const empty = join(scratch, 'electron')
  const output = join(scratch, 'out')
  mkdirSync(empty)
  writeFileSync(join(empty, 'electron'), '', { mode: 0o755 })
  try {
    await build({
      projectDir: root,
      targets: Platform.LINUX.createTarget('dir', process.arch === 'arm64' ? Arch.arm64 : Arch.x64),
      config: { ...config, electronDist: empty, electronFuses: null, directories: { output } },
    })
  } finally {
    process.stdout.write = write
  }
  const [folder = ''] = readdirSync(output).filter((name) => name.endsWith('unpacked'))
  return join(output, folder, 'resources')
}

function systemName() {
  return `${process.platform} ${process.arch}`
}

/** @param {readonly import('./package-contents.mjs').Group[]} groups */
function print(groups) {
  const small = groups.filter(({ bytes }) => bytes < SMALL)
  const lines = [
    ...groups.filter(({ bytes }) => bytes >= SMALL),
    together(`${small.length} smaller packages`, small),
    together(`total for ${systemName()}, without Electron`, groups),
  ]
  console.log('      MB unpacked   files  what')
  for (const { name, files, bytes, unpacked } of lines)
    console.log(`${megabytes(bytes)} ${megabytes(unpacked)} ${String(files).padStart(7)}  ${name}`)
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1).padStart(8)
}
