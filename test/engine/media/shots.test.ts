import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import type { SegmentEvent } from '../../../src/engine/media/segments.ts'
import { findShots, type Shot, type ShotEvent } from '../../../src/engine/media/shots.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { noise } from '../../helpers/noise.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'

const never = new AbortController().signal
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/media/${name}`, import.meta.url))
let scratch: ScratchFolder

beforeAll(async () => {
  scratch = await ScratchFolder.make()
  await writeShotClip(
    scratch.path('twenty.mp4'),
    Array.from({ length: 20 }, () => 20),
    41,
  )
})
afterAll(() => scratch[Symbol.asyncDispose]())

interface Found {
  readonly shots: readonly Shot[]
  readonly notices: readonly string[]
  /** Shares of the clip. */
  readonly progress: readonly number[]
}

const found = (path: string) => collect(findShots(path, {}, never))

async function collect(events: AsyncIterable<ShotEvent>): Promise<Found> {
  const shots: Shot[] = []
  const notices: string[] = []
  const progress: number[] = []
  for await (const event of events) {
    if (event.kind === 'shot') shots.push(event.shot)
    else if (event.kind === 'notice') notices.push(event.text)
    else progress.push(event.seconds / event.duration)
  }
  return { shots, notices, progress }
}

const firstFrames = (shots: readonly Shot[]) => shots.map(({ firstFrame }) => firstFrame)

/** Cuts on, before and after keyframes; the shortest shot lasts a quarter of a second. */
const LENGTHS = [25, 11, 48, 6, 30, 7, 60]
const OPEN_GROUPS = { gop: 24, bFrames: 3, options: { preset: 'veryfast', crf: '24', 'x264-params': 'scenecut=0:open-gop=1' } }

describe('cuts are found exact to a frame', () => {
  test.each<[string, ClipOptions]>([
    ['plain.mp4', { gop: 48, bFrames: 2, options: { preset: 'veryfast', crf: '24' } }],
    ['open-groups.mkv', OPEN_GROUPS],
    ['slow.mp4', { rate: [8, 1], gop: 250 }],
    ['turned.mp4', { rotation: 90 }],
    ['fields.ts', { codec: 'mpeg2video', gop: 12, bFrames: 2 }],
    ['without-times.avi', { codec: 'mpeg4', gop: 100, bFrames: 2 }],
    ['vp8.webm', { codec: 'libvpx', gop: 100, options: { deadline: 'realtime', b: '1M' } }],
    ['pictures.mkv', { codec: 'mjpeg', pixelFormat: 'yuvj420p' }],
    ['ten-bits.mkv', { pixelFormat: 'yuv420p10le', bFrames: 2 }],
  ])('%s', async (name, options) => {
    const path = scratch.path(name)
    const starts = await writeShotClip(path, LENGTHS, 3, options)
    const { shots, notices, progress } = await found(path)
    expect(firstFrames(shots)).toEqual(starts)
    expect(notices).toEqual([])
    expect(progress.at(-1)).toBe(1)
    await using clip = await openClip(path, never)
    const { times } = clip.plan({ kind: 'indices', indices: starts })
    expect(shots.map(({ start }) => start)).toEqual(times)
    expect(shots.map(({ end }) => end)).toEqual([...times.slice(1), clip.info.duration])
    expect(shots.map(({ endFrame }) => endFrame)).toEqual([...starts.slice(1), clip.info.frameCount])
  })

  test('by the times of the frames where the rate varies', async () => {
    const timeOf = (index: number) => (index < 30 ? index : 30 + (index - 30) * 10)
    for (const name of ['uneven.mp4', 'uneven.mkv']) {
      const path = scratch.path(name)
      const starts = await writeShotClip(path, [20, 20, 20], 5, { timeOf, bFrames: 2 })
      const { shots } = await found(path)
      expect(firstFrames(shots)).toEqual(starts)
      expect(shots.map(({ start }) => start)).toEqual([0, 0.8, 5.2])
    }
  })

  test('many scenes have no cut inside, however fast their objects move', async () => {
    const path = scratch.path('many.mp4')
    const starts = await writeShotClip(
      path,
      Array.from({ length: 50 }, (_, i) => 6 + (i % 20)),
      11,
      { bFrames: 2, gop: 48 },
    )
    expect(firstFrames((await found(path)).shots)).toEqual(starts)
  })
})

describe('damage', () => {
  test('a damaged stretch is skipped with a notice, and is no cut', async () => {
    const path = scratch.path('whole.mp4')
    const starts = await writeShotClip(path, [40, 120, 80], 21, { gop: 24, bFrames: 2, options: { crf: '20' } })
    const bytes = await readFile(path)
    const from = Math.floor(bytes.length * 0.45)
    bytes.set(noise(Math.floor(bytes.length * 0.02), 1), from)
    await writeFile(scratch.path('damaged.mp4'), bytes)
    const { shots, notices } = await found(scratch.path('damaged.mp4'))
    expect(firstFrames(shots)).toEqual(starts)
    expect(notices).toEqual([
      expect.stringMatching(/^Frames from [\d.]+ to [\d.]+ seconds cannot be decoded; shot changes in this range may be missed\.$/),
    ])
  })

  test('a file that is cut short has its shots up to there', async () => {
    const starts = await writeShotClip(scratch.path('long.mkv'), [30, 30, 30, 90], 23, { gop: 24, bFrames: 2 })
    const bytes = await readFile(scratch.path('long.mkv'))
    await writeFile(scratch.path('short.mkv'), bytes.subarray(0, Math.floor(bytes.length * 0.7)))
    const { shots } = await found(scratch.path('short.mkv'))
    expect(firstFrames(shots)).toEqual(starts)
    expect(shots.at(-1)?.endFrame).toBeLessThan(180)
  })

  test('a clip of which nothing can be decoded fails', async () => {
    await writeShotClip(scratch.path('sound.mp4'), [20], 25)
    const bytes = await readFile(scratch.path('sound.mp4'))
    const data = bytes.indexOf('mdat') + 4
    bytes.fill(0, data, data + bytes.readUInt32BE(data - 8) - 8)
    await writeFile(scratch.path('zeros.mp4'), bytes)
    await expect(found(scratch.path('zeros.mp4'))).rejects.toMatchObject({ code: 'no-frames' })
  })
})

describe('one shot', () => {
  test.each(['3.gif', 'soft-lossy.webp', 'palette.apng.png', 'rgb.png', '420.jpg', 'lossless.webp'])('%s', async (name) => {
    await using clip = await openClip(fixture(name), never)
    const { frameCount, duration } = clip.info
    const { shots } = await found(fixture(name))
    expect(shots).toEqual([{ start: 0, end: duration, firstFrame: 0, endFrame: frameCount, difference: 0 }])
  })

  test('a video without a cut', async () => {
    await writeShotClip(scratch.path('one.mp4'), [75], 31)
    expect((await found(scratch.path('one.mp4'))).shots).toEqual([{ start: 0, end: 3, firstFrame: 0, endFrame: 75, difference: 0 }])
  })

  test.each([
    ['a camera that suddenly pans fast over a detailed picture', pan(60, (i) => 24 * between(i - 10, 0, 30))],
    ['the same with every frame repeated three times', pan(60, (i) => 24 * between(Math.floor((i - 10) / 3), 0, 12))],
    [
      'a flash',
      pan(
        60,
        () => 0,
        (i) => (i === 30 ? 60 : 0),
      ),
    ],
  ])('%s', async (name, pictures) => {
    const path = scratch.path(`${name}.mp4`)
    await writeClip(path, pictures, { bFrames: 2, options: { crf: '20' } })
    expect(firstFrames((await found(path)).shots)).toEqual([0])
  })
})

/** A grid of random grey cells, of which each frame shows the part from `left` on. */
function* pan(frames: number, left: (index: number) => number, light = (_: number) => 0) {
  const [width, height, cell] = [240, 136, 12]
  const rows = Math.ceil(height / cell)
  const values = noise(100 * rows, 5)
  for (let i = 0; i < frames; i += 1) {
    const rgb = new Uint8Array(width * height * 3)
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = values[Math.floor((x + left(i)) / cell) * rows + Math.floor(y / cell)] ?? 0
        rgb.fill(70 + light(i) + value * 0.45, (y * width + x) * 3, (y * width + x) * 3 + 3)
      }
    }
    yield { width, height, rgb }
  }
}

function between(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}

describe('in the process that reads clips', () => {
  test('segments begin at shots', async () => {
    await using media = new MediaClient()
    const path = scratch.path('process.mp4')
    const starts = await writeShotClip(path, [60, 75, 51], 43)
    const search = { maxSeconds: 16, scenes: true }
    const events: SegmentEvent[] = []
    for await (const event of media.segments(path, search, never)) events.push(event)
    const last = events.at(-1)
    expect(last?.kind === 'segments' && last.segments.map(({ frames }) => frames.start)).toEqual(starts)
    expect(events.at(-2)).toEqual({ kind: 'progress', seconds: 186 / 25, duration: 186 / 25 })
    await expect(media.segments(scratch.path('missing.mp4'), search, never).next()).rejects.toMatchObject({ code: 'file-missing' })
  })

  test('a cancel ends the pass at once, and the process serves the next command', async () => {
    await using media = new MediaClient()
    await media.probe(scratch.path('twenty.mp4'), never) // starts the process
    const controller = new AbortController()
    const first = media.segments(scratch.path('twenty.mp4'), { maxSeconds: 16, scenes: true }, controller.signal).next()
    controller.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    expect((await media.probe(scratch.path('twenty.mp4'), never)).frameCount).toBe(400)
  })
})

test('a cancel ends the pass at once', async () => {
  await cancelled((signal) => findShots(scratch.path('twenty.mp4'), {}, signal))
})

/** Cancels a pass over a clip of 20 shots after the first one. */
async function cancelled(pass: (signal: AbortSignal) => AsyncIterable<ShotEvent>): Promise<void> {
  const controller = new AbortController()
  let shots = 0
  const run = async () => {
    for await (const event of pass(controller.signal)) {
      if (event.kind !== 'shot') continue
      shots += 1
      controller.abort()
    }
  }
  await expect(run()).rejects.toMatchObject({ name: 'AbortError' })
  // Shots that were already on their way may still arrive.
  expect(shots).toBeLessThan(4)
}
