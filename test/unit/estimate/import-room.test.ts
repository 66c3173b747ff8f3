import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importRoom } from '../../../src/engine/estimate/import-room.ts'
import { findInCatalogue } from '../../../src/engine/models/catalogue.ts'
import { noise } from '../../helpers/noise.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'
import { checkpoint, hubSetup, REPOSITORY, WEIGHTS } from '../models/hub/hub-setup.ts'

const form = (language: 'f32' | 'f16' | 'q8_0') => ({ language, vision: 'f16' }) as const
const files = [
  { name: 'config.json', bytes: 1000 },
  { name: 'model-00001-of-00002.safetensors', bytes: 6_000_000 },
  { name: 'model-00002-of-00002.safetensors', bytes: 2_000_000 },
]

describe('a repository outside the catalogue', () => {
  it.each([
    ['as many weights as the hub states', { files, weights: 4_000_000 }, 4_250_000],
    ['fewer, if the checkpoint has 32 bits per weight', { files, weights: 2_000_000 }, 2_125_000],
    ['no more than there are of 16 bits', { files, weights: 9_000_000 }, 4_250_000],
    ['as many as there are of 32 bits, if the hub states none', { files, weights: null }, 2_125_000],
    ['GGUF files as they are', { files: [{ name: 'model.Q4_K_M.GGUF', bytes: 500 }, ...files.slice(0, 1)], weights: null }, 500],
  ])('needs space for %s', async (_, download, bytes) => {
    const room = await importRoom(REPOSITORY, form('q8_0'), 'models')
    expect(room.folder).toBe('models')
    expect(room.bytesFrom(download)).toBe(bytes)
  })

  const setup = hubSetup()

  it('is not downloaded if the model does not fit beside the download', async ({ skip }) => {
    await using disk = await SmallDisk.mount(join(setup.home, 'small'), 2)
    if (disk === null) return skip(NO_DISK)
    const added = { commit: '0'.repeat(40), revisions: ['main'], files: checkpoint().set(WEIGHTS, noise(800_000, 5)) }
    const fetch = async (language: 'f32' | 'f16') =>
      await setup.fetch({ home: disk.path, model: await importRoom(REPOSITORY, form(language), join(disk.path, 'models')) })
    setup.hub.add(REPOSITORY, { ...added, weights: 400_000 })
    await expect(fetch('f32')).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('for the model on the disk of'),
    })
    expect(setup.hub.sent()).toBe(0)
    await fetch('f16')
  })
})

it('of the catalogue needs what its shape needs, in proportion to the download', async () => {
  const repository = 'Qwen/Qwen2-VL-7B-Instruct'
  const bytes = (await findInCatalogue(repository))?.download.bytes ?? 0
  const room = await importRoom(repository, form('f16'), 'models')
  const needed = room.bytesFrom({ files: [{ name: 'a', bytes }], weights: null })
  // 16 bits per weight as in the checkpoint, but the tower of 0.7 billion weights in 32.
  expect(needed / bytes).toBeGreaterThan(1.05)
  expect(needed / bytes).toBeLessThan(1.12)
  expect(room.bytesFrom({ files: [{ name: 'a', bytes: bytes / 2 }], weights: 5 })).toBeCloseTo(needed / 2)
})
