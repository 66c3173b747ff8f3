import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clipOf } from '../../../src/bench/moving-shapes/clips.ts'
import { MovingShapesVideos } from '../../../src/bench/moving-shapes/videos.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'

let home: string
const signal = new AbortController().signal

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-moving-shapes-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

it('renders a clip once for concurrent callers, deterministically from its seed', async () => {
  const videos = new MovingShapesVideos(home)
  const [first, second] = await Promise.all([videos.videoFor({ vid: 2 }, signal), videos.videoFor({ vid: 2 }, signal)])
  expect(second).toBe(first)
  expect(await readdir(join(home, 'cache', 'moving-shapes', 'v2'))).toEqual(['2.mp4'])
  const { width, height, frames, rate } = clipOf(2).shape
  await using clip = await openClip(first, signal)
  expect(clip.info).toMatchObject({ width, height, frameCount: frames })
  expect(clip.info.rate).toBeCloseTo(rate, 3)
  const again = await new MovingShapesVideos(join(home, 'other')).videoFor({ vid: 2 }, signal)
  expect((await readFile(again)).equals(await readFile(first))).toBe(true)
})

it('leaves no file of an aborted render and still renders it for the other caller', async () => {
  const videos = new MovingShapesVideos(home)
  const stop = new AbortController()
  const stopped = videos.videoFor({ vid: 5 }, stop.signal)
  const waiting = videos.videoFor({ vid: 5 }, signal)
  stop.abort()
  await expect(stopped).rejects.toHaveProperty('name', 'AbortError')
  await waiting
  expect((await readdir(join(home, 'cache', 'moving-shapes', 'v2'))).sort()).toEqual(['2.mp4', '5.mp4'])
})

it('rejects a name that is not a seed', async () => {
  await expect(new MovingShapesVideos(home).videoFor({ vid: '../../etc/passwd' }, signal)).rejects.toHaveProperty('code', 'bench-damaged')
})
