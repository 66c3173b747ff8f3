import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEmbeddings, writeEmbeddings } from '../../../src/engine/conversation/embedding-file.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tarsier-rows-'))
  path = join(directory, 'clip.rows')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const header = {
  format: 1,
  width: 3,
  rowsPerFrame: 2,
  frames: [
    { index: 0, time: 0 },
    { index: 9, time: 0.375 },
  ],
  notices: ['One frame was lost.'],
} as const
const rows = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(-1, 0.1, 1e-30, 7, 8, Number.MAX_VALUE)]
const write = () => writeEmbeddings(path, { ...header, frames: [...header.frames], notices: [...header.notices] }, rows)

test('gives back every value to the bit', async () => {
  await write()
  const read = await readEmbeddings(path)
  expect(read?.header).toEqual(header)
  expect(read?.frames.map((frame) => frame.rows)).toEqual(rows)
  expect(read?.frames.map((frame) => frame.index)).toEqual([0, 9])
})

test('a file cut at any byte, or too long, is not a hit', async () => {
  await write()
  const whole = await readFile(path)
  for (let length = 0; length < whole.length; length += 1) {
    await truncate(path, length)
    expect(await readEmbeddings(path), `cut at ${length}`).toBeNull()
    await writeFile(path, whole)
  }
  await writeFile(path, Buffer.concat([whole, Buffer.alloc(1)]))
  expect(await readEmbeddings(path)).toBeNull()
})

test('a header that claims more than there is allocates nothing', async () => {
  const json = Buffer.from(JSON.stringify({ ...header, width: 2 ** 40 }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  await writeFile(path, Buffer.concat([length, json]))
  expect(await readEmbeddings(path)).toBeNull()
})
