import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readEmbeddings, writeEmbeddings } from '../../../src/engine/conversation/embedding-file.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tarsier-rows-'))
  path = join(directory, 'clip.rows')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const stored = {
  width: 3,
  rowsPerSlice: 2,
  slices: [
    {
      frames: [
        { index: 0, time: 0 },
        { index: 4, time: 0.25 },
      ],
      rows: Float32Array.of(1, 2, 3, 4, 5, 6),
    },
    { frames: [{ index: 9, time: 0.375 }], rows: Float32Array.of(-1, 0.1, 1e-30, 7, 8, Number.MAX_VALUE) },
  ],
  notices: ['One frame was lost.'],
}

test('restores every value bit for bit', async () => {
  await writeEmbeddings(path, stored)
  expect(await readEmbeddings(path)).toEqual(stored)
})

test('stops on an abort between two slices, and the partial file is not a hit', async () => {
  const stopping = new AbortController()
  const { signal } = stopping
  const spy = vi.spyOn(signal, 'throwIfAborted').mockImplementation(() => {
    // Two slices were hashed; length and header are written.
    if (spy.mock.calls.length === 5) stopping.abort()
    if (signal.aborted) throw signal.reason
  })
  await expect(writeEmbeddings(path, stored, signal)).rejects.toMatchObject({ name: 'AbortError' })
  expect(spy).toHaveBeenCalledTimes(5)
  expect((await stat(path)).size).toBeGreaterThan(4)
  expect(await readEmbeddings(path)).toBeNull()
})

test('a missing file is not a hit', async () => {
  expect(await readEmbeddings(path)).toBeNull()
})

test('a file that is truncated at any byte, or too long, is not a hit', async () => {
  await writeEmbeddings(path, stored)
  const whole = await readFile(path)
  for (let length = 0; length < whole.length; length += 1) {
    await truncate(path, length)
    expect(await readEmbeddings(path), `cut at ${length}`).toBeNull()
    await writeFile(path, whole)
  }
  await writeFile(path, Buffer.concat([whole, Buffer.alloc(1)]))
  expect(await readEmbeddings(path)).toBeNull()
})

test('a file with one changed value is not a hit', async () => {
  await writeEmbeddings(path, stored)
  const whole = await readFile(path)
  for (const back of [1, 20, 48]) {
    const changed = Buffer.from(whole)
    changed.writeUInt8(changed.readUInt8(whole.length - back) ^ 1, whole.length - back)
    await writeFile(path, changed)
    expect(await readEmbeddings(path), `${back} bytes from the end`).toBeNull()
  }
})

test('a header with impossible sizes allocates nothing', async () => {
  const slices = stored.slices.map(({ frames }) => frames)
  const json = Buffer.from(JSON.stringify({ ...stored, slices, format: 2, sha256: '', width: 2 ** 40 }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  await writeFile(path, Buffer.concat([length, json]))
  expect(await readEmbeddings(path)).toBeNull()
})
