import { mkdir } from 'node:fs/promises'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

test('a folder of frames: hidden files are no frames, and an abort ends the opening', async () => {
  await using scratch = await ScratchFolder.make()
  await mkdir(scratch.path('a.frames'))
  const png = await sharp({ create: { width: 8, height: 6, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  for (const name of ['1.png', '2.png']) await scratch.write(`a.frames/${name}`, png)
  await scratch.write('a.frames/.DS_Store', 'no picture')
  await using clip = await openClip(scratch.path('a.frames'), new AbortController().signal)
  expect(clip.info).toMatchObject({ frameCount: 2, width: 8, height: 6 })

  const aborted = new AbortController()
  const opening = openClip(scratch.path('a.frames'), aborted.signal)
  aborted.abort()
  await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
})
