import { mkdir, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { contentsOf, grouped, lostIn, together } from '../../../scripts/package-contents.mjs'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** The head of an archive in Chromium's pickle format: the length of the rest, in three frames, then the tree. */
function archive(files: object, content: string): Buffer {
  const tree = Buffer.from(JSON.stringify({ files }))
  const padded = Math.ceil(tree.length / 4) * 4
  const head = Buffer.alloc(16 + padded)
  for (const [i, value] of [4, padded + 8, padded + 4, tree.length].entries()) head.writeUInt32LE(value, i * 4)
  tree.copy(head, 16)
  return Buffer.concat([head, Buffer.from(content)])
}

async function packed(files: object): Promise<ScratchFolder> {
  const scratch = await ScratchFolder.make()
  const put = async (name: string, text: string | Buffer) => {
    await mkdir(dirname(scratch.path(name)), { recursive: true })
    await scratch.write(name, text)
  }
  await put('app.asar', archive(files, 'hello'))
  await put('app.asar.unpacked/node_modules/sharp/lib/sharp.node', 'native')
  await put('app.asar.unpacked/node_modules/@a/b/lib/sharp.node', 'native')
  // As packaging leaves an identical library: the archive's head still lists it as a file.
  await mkdir(scratch.path('app.asar.unpacked/node_modules/twin/lib'), { recursive: true })
  await symlink('../../sharp/lib/sharp.node', scratch.path('app.asar.unpacked/node_modules/twin/lib/sharp.node'))
  await put('models/demo/tower.onnx', '0123456789')
  return scratch
}

const native = { files: { lib: { files: { 'sharp.node': { size: 6, unpacked: true }, 'link.so.1': { link: 'sharp.node' } } } } }
const ours = { out: { files: { 'main.js': { size: 5, offset: '0' } } } }

test('lists files inside and beside the archive, with the size of each package', async () => {
  await using scratch = await packed({ ...ours, node_modules: { files: { sharp: native, twin: native, '@a': { files: { b: native } } } } })
  const entries = contentsOf(scratch.directory)
  expect(entries).toEqual([
    { path: 'out/main.js', bytes: 5, unpacked: false },
    { path: 'node_modules/sharp/lib/sharp.node', bytes: 6, unpacked: true },
    { path: 'node_modules/@a/b/lib/sharp.node', bytes: 6, unpacked: true },
    { path: 'resources/models/demo/tower.onnx', bytes: 10, unpacked: true },
  ])
  const groups = grouped(entries)
  expect(groups.map(({ name, bytes }) => [name, bytes])).toEqual([
    ['resources/models', 10],
    ['sharp', 6],
    ['@a/b', 6],
    ['out/main.js', 5],
  ])
  expect(together('all', groups)).toEqual({ name: 'all', files: 4, bytes: 27, unpacked: 22 })
  expect(lostIn(entries)).toEqual([])
})

test('finds native libraries inside the archive', async () => {
  const files = { 'a.node': { size: 1, offset: '0' }, 'libb.so.1.2': { size: 1, offset: '1' }, 'c.sock': { size: 1, offset: '2' } }
  await using scratch = await packed({ node_modules: { files: { native: { files } } } })
  expect(lostIn(contentsOf(scratch.directory))).toEqual(['node_modules/native/a.node', 'node_modules/native/libb.so.1.2'])
})
