import { mkdir } from 'node:fs/promises'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { numberedPicture, readNumber } from '../../helpers/numbered-picture.ts'
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

test('a picture that cannot be decoded is left out, and notices name the frames', async () => {
  await using scratch = await ScratchFolder.make()
  await mkdir(scratch.path('a.frames'))
  const sound = async (number: number) => {
    const { width, height, rgb } = numberedPicture(number, 180, 100)
    return await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer()
  }
  const [whole, damaged] = [await sound(0), await sound(2)]
  await scratch.write('a.frames/0.jpg', whole)
  // Its end is missing.
  const avif = await sharp(whole).avif().toBuffer()
  await scratch.write('a.frames/1.avif', avif.subarray(0, -30))
  await scratch.write('a.frames/2.jpg', damaged.subarray(0, Math.floor(damaged.length * 0.8)))
  await scratch.write('a.frames/3.jpg', await sound(3))
  const never = new AbortController().signal
  await using clip = await openClip(scratch.path('a.frames'), never)
  const notices: string[] = []
  const numbers: number[] = []
  const indices: number[] = []
  const all = clip.plan({ kind: 'indices', indices: [0, 1, 2, 3] })
  for await (const frame of clip.frames(all, never, (text) => notices.push(text))) {
    indices.push(frame.index)
    if (frame.index !== 2) numbers.push(readNumber(frame))
  }
  expect(indices).toEqual([0, 2, 3])
  expect(numbers).toEqual([0, 3])
  expect(notices).toEqual(['Frame 1 cannot be decoded and is skipped.', 'Frame 2 is damaged: parts of it are missing.'])
  const one = clip.frames(clip.plan({ kind: 'indices', indices: [1] }), never)
  await expect(one[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'no-frames', message: expect.stringContaining('None of') })
})
