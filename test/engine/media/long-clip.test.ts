import { expect, test } from 'vitest'
import { Demuxer } from '../../../src/engine/media/demuxer.ts'
import { FrameReader } from '../../../src/engine/media/frame-reader.ts'
import { indexStream } from '../../../src/engine/media/packet-scan.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** As many as a film of two hours has. */
const FRAMES = 200_000

test('all frames of a film can be read in one pass', async () => {
  const { signal } = new AbortController()
  await using scratch = await ScratchFolder.make()
  const path = scratch.path('a.mp4')
  await writeClip(path, numberedPictures(2, 96, 64))
  await using demuxer = await Demuxer.open(path, signal)
  const { index } = await indexStream(path, demuxer, signal)
  await using reader = await FrameReader.open(path, index, null, signal)
  const lost: number[] = []
  // The same frame again and again: the reader passes over as many places of the list as for a film.
  const wanted = Array.from({ length: FRAMES }, (_, i) => (i === FRAMES - 1 ? 1 : 0))
  let read = 0
  for await (const { index: frame } of reader.read(wanted, (number) => lost.push(number), String)) if (frame === wanted[read]) read += 1
  expect([read, lost]).toEqual([FRAMES, []])
})
