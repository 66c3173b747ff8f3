import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SpeedStore } from '../../../src/engine/estimate/speeds.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

it('averages the speed of a codec over runs of any model', async () => {
  await using home = await ScratchFolder.make()
  const manifest = await readManifest(await resolveModel(DEMO_MODEL, home.directory))
  const store = new SpeedStore(home.directory)
  expect(await store.findDecoding('h264')).toBeUndefined()
  await store.record(manifest, 'cpu', { patch: 4 }, { codec: 'h264', megapixel: 10 })
  await store.record(manifest, 'cuda', {}, { codec: 'h264', megapixel: 20 })
  await store.record(manifest, 'cpu', { patch: 8 }, { codec: 'vp9', megapixel: 7 })
  expect(await store.findDecoding('h264')).toBe(15)
  expect(await store.findDecoding('vp9')).toBe(7)
  expect(await store.findDecoding('constructor')).toBeUndefined()
  expect([await store.expectDecoding('vp9'), await store.expectDecoding('constructor')]).toEqual([7, 11])
  expect(await store.find(manifest, 'cpu')).toEqual({ patch: 6 })
})

it('accepts a file without codecs, and evicts the codecs used longest ago', async () => {
  await using home = await ScratchFolder.make()
  const manifest = await readManifest(await resolveModel(DEMO_MODEL, home.directory))
  const store = new SpeedStore(home.directory)
  await store.record(manifest, 'cpu', { patch: 4 })
  const path = join(home.directory, 'cache', 'speeds.json')
  const { codecs, ...older } = JSON.parse(await readFile(path, 'utf8'))
  expect(codecs).toEqual({})
  await home.write('cache/speeds.json', JSON.stringify(older))
  expect(await store.find(manifest, 'cpu')).toEqual({ patch: 4 })
  for (let i = 0; i < 70; i++) await store.record(manifest, 'cpu', {}, { codec: `codec${i}`, megapixel: 1 + i })
  expect(await store.findDecoding('codec5')).toBeUndefined()
  expect(await store.findDecoding('codec69')).toBe(70)
  expect(await store.find(manifest, 'cpu')).toEqual({ patch: 4 })
})
