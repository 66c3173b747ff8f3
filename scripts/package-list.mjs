/**
 * What goes into the package for Linux, with sizes: `npm run package:list [-- --json] [--out FOLDER]`. electron-builder does all that it does
 * for a real one, archive included, but over an empty folder in Electron's place, so that nothing is fetched. Fails when a native library
 * would lie in the archive, where no system can load it. Runs on Linux, whose binaries `npm install` has brought there.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Arch, build, Platform } from 'electron-builder'
import config from '../electron-builder.config.mjs'

/** @typedef {{ path: string, bytes: number, unpacked: boolean }} Entry */

const root = fileURLToPath(new URL('..', import.meta.url))
const NATIVE = /\.(node|dll|dylib|so(\.[\d.]+)?)$/
const scratch = mkdtempSync(join(tmpdir(), 'tarsier-package-'))

try {
  const entries = listed(await pack())
  if (process.argv.includes('--json')) console.log(JSON.stringify(grouped(entries), null, 2))
  else print(entries)
  const lost = entries.filter(({ path, unpacked }) => !unpacked && NATIVE.test(path))
  if (lost.length > 0) {
    console.error(`These lie in the archive, where they cannot be loaded:\n${lost.map(({ path }) => path).join('\n')}`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** @returns {Promise<string>} the folder of resources that was packed */
async function pack() {
  // What electron-builder says on the way is of no use here; what goes wrong it throws.
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

/** @param {string} resources @returns {Entry[]} */
function listed(resources) {
  const beside = walked(resources).filter(({ path }) => path !== 'app.asar' && !path.startsWith('app.asar.unpacked/'))
  return [
    ...inArchive(join(resources, 'app.asar')),
    ...beside.map(({ path, bytes }) => ({ path: `resources/${path}`, bytes, unpacked: true })),
  ]
}

/** Of an archive only the head is read: a tree in JSON, after four numbers of which the last is its length. @param {string} file @returns {Entry[]} */
function inArchive(file) {
  const handle = openSync(file, 'r')
  const numbers = Buffer.alloc(16)
  readSync(handle, numbers, 0, 16, 0)
  const head = Buffer.alloc(numbers.readUInt32LE(12))
  readSync(handle, head, 0, head.length, 16)
  closeSync(handle)
  /** @param {any} node @param {string} path @returns {Entry[]} */
  const below = (node, path) =>
    Object.entries(node.files ?? {}).flatMap(([name, inner]) => {
      const here = path === '' ? name : `${path}/${name}`
      if (inner.files) return below(inner, here)
      return inner.link === undefined ? [{ path: here, bytes: inner.size, unpacked: inner.unpacked === true }] : []
    })
  return below(JSON.parse(head.toString('utf8')), '')
}

/** @param {string} folder @returns {{ path: string, bytes: number }[]} */
function walked(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path: relative(folder, path).split(sep).join('/'), bytes: statSync(path).size }
    })
}

/** By package, or by the first folders of what is ours; the largest first. @param {Entry[]} entries */
function grouped(entries) {
  /** @type {Map<string, { name: string, files: number, bytes: number, unpacked: number }>} */
  const groups = new Map()
  for (const { path, bytes, unpacked } of entries) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? path.split('/').slice(0, 2).join('/')
    const group = groups.get(name) ?? { name, files: 0, bytes: 0, unpacked: 0 }
    groups.set(name, { name, files: group.files + 1, bytes: group.bytes + bytes, unpacked: group.unpacked + (unpacked ? bytes : 0) })
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes)
}

/** @param {Entry[]} entries */
function print(entries) {
  const groups = grouped(entries)
  const shown = groups.filter(({ bytes }) => bytes >= 200_000)
  const rest = groups.filter(({ bytes }) => bytes < 200_000)
  const line = (/** @type {string} */ name, /** @type {number} */ files, /** @type {number} */ bytes, /** @type {number} */ unpacked) =>
    console.log(`${megabytes(bytes)} ${megabytes(unpacked)} ${String(files).padStart(7)}  ${name}`)
  console.log('      MB unpacked   files  what')
  for (const { name, files, bytes, unpacked } of shown) line(name, files, bytes, unpacked)
  line(`${rest.length} smaller ones`, sum(rest, 'files'), sum(rest, 'bytes'), sum(rest, 'unpacked'))
  line(
    `in all, for ${process.platform} ${process.arch}, beside Electron itself`,
    sum(groups, 'files'),
    sum(groups, 'bytes'),
    sum(groups, 'unpacked'),
  )
}

/** @template {string} K @param {Record<K, number>[]} list @param {K} key */
function sum(list, key) {
  return list.reduce((total, each) => total + each[key], 0)
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1).padStart(8)
}
