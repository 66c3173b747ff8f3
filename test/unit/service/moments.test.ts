import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { Moments } from '../../../src/service/moments.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-moments-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function clean(): Promise<void> {
  await using media = new MediaClient(() => {})
  await using moments = new Moments(home, media)
  await moments.clean()
}

it('removes what killed services have left, also while they removed it', async () => {
  for (const folder of ['moments', 'moments.123.old', 'moments.123.other']) {
    await mkdir(join(home, 'cache', folder), { recursive: true })
    await writeFile(join(home, 'cache', folder, 'piece'), 'x')
  }
  await clean()
  expect(await readdir(join(home, 'cache'))).toEqual(['moments.123.other'])
})

it('does nothing where nothing was made', async () => {
  await clean()
  expect(existsSync(join(home, 'cache'))).toBe(false)
})
