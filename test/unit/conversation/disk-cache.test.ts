import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskCache } from '../../../src/engine/conversation/disk-cache.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tarsier-cache-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const of = (bytes: number) => (path: string) => writeFile(path, Buffer.alloc(bytes, 7))
const age = (name: string, seconds: number) => utimes(join(directory, name), new Date(), new Date(Date.now() - seconds * 1000))

test('finds only stored entries', async () => {
  const cache = new DiskCache(directory)
  expect(await cache.find('a.rows')).toBeNull()
  await cache.store('a.rows', of(3))
  expect(await readFile((await cache.find('a.rows')) ?? '')).toEqual(Buffer.alloc(3, 7))
  expect(await cache.hasPrefix('a.')).toBe(true)
  expect(await cache.hasPrefix('b.')).toBe(false)
})

test('evicts the least recently used entry, and never the newest', async () => {
  const cache = new DiskCache(directory, 250)
  await cache.store('old', of(100))
  await cache.store('older', of(100))
  await age('old', 20)
  await age('older', 10)
  await cache.find('old') // used just now, so `older` is evicted
  await cache.store('new', of(100))
  expect((await readdir(directory)).sort()).toEqual(['new', 'old'])
  await cache.store('huge', of(1000))
  expect(await readdir(directory)).toEqual(['huge'])
})

test('a failed write leaves no file and keeps the older entry', async () => {
  const cache = new DiskCache(directory)
  await cache.store('a', of(3))
  await expect(
    cache.store('a', async (path) => {
      await writeFile(path, 'half')
      throw new Error('disk full')
    }),
  ).rejects.toThrow('disk full')
  expect(await readdir(directory)).toEqual(['a'])
  expect(await readFile(join(directory, 'a'))).toEqual(Buffer.alloc(3, 7))
})

test('removes old files of dead processes', async () => {
  const cache = new DiskCache(directory)
  await writeFile(join(directory, '.fresh.part'), '')
  await writeFile(join(directory, '.dead.part'), '')
  await age('.dead.part', 7200)
  await cache.store('a', of(1))
  expect((await readdir(directory)).sort()).toEqual(['.fresh.part', 'a'])
})
