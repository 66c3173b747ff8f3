/** Lists the contents of a packaged app's resources folder: files in its archive, files unpacked beside it, and plain files. */
import { closeSync, lstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** @typedef {{ path: string, bytes: number, unpacked: boolean }} Entry `unpacked`: it is a separate file on disk */
/** @typedef {{ name: string, files: number, bytes: number, unpacked: number }} Group `unpacked`: bytes of separate files */

const NATIVE = /\.(node|dll|dylib|so(\.[\d.]+)?)$/

/** @param {string} resources @returns {Entry[]} */
export function contentsOf(resources) {
  const beside = walked(resources).filter(({ path }) => path !== 'app.asar' && !path.startsWith('app.asar.unpacked/'))
  return [
    ...inArchive(join(resources, 'app.asar')).filter(
      ({ path, unpacked }) => !unpacked || isFile(join(resources, 'app.asar.unpacked', path)),
    ),
    ...beside.map(({ path, bytes }) => ({ path: `resources/${path}`, bytes, unpacked: true })),
  ]
}

/** Lists native libraries that no system can load, because they are in the archive. @param {readonly Entry[]} entries */
export function lostIn(entries) {
  return entries.filter(({ path, unpacked }) => !unpacked && NATIVE.test(path)).map(({ path }) => path)
}

/**
 * Groups entries by package, or by the first folders for the project's own files; largest first.
 * @param {readonly Entry[]} entries @returns {Group[]}
 */
export function grouped(entries) {
  /** @type {Map<string, Group>} */
  const groups = new Map()
  for (const { path, bytes, unpacked } of entries) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? path.split('/').slice(0, 2).join('/')
    const group = groups.get(name) ?? { name, files: 0, bytes: 0, unpacked: 0 }
    groups.set(name, { name, files: group.files + 1, bytes: group.bytes + bytes, unpacked: group.unpacked + (unpacked ? bytes : 0) })
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes)
}

/** Merges all groups into one. @param {string} name @param {readonly Group[]} groups @returns {Group} */
export function together(name, groups) {
  return groups.reduce(
    (all, { files, bytes, unpacked }) => ({ name, files: all.files + files, bytes: all.bytes + bytes, unpacked: all.unpacked + unpacked }),
    { name, files: 0, bytes: 0, unpacked: 0 },
  )
}

/**
 * Lists the files of an archive from its header: a tree in JSON, preceded by four numbers, the last of which is its length.
 * @param {string} file @returns {Entry[]}
 */
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

/** The archive's header also lists files that are links by now. @param {string} path */
function isFile(path) {
  return lstatSync(path).isFile()
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
