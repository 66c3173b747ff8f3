import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Demuxer } from '../../../src/engine/media/demuxer.ts'
import { FrameReader } from '../../../src/engine/media/frame-reader.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { indexPackets, scanPackets } from '../../../src/engine/media/packet-scan.ts'
import { decodeAll, pictureDigest } from '../../helpers/decode-all.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { changeBox, type Edit, int32s, SAMPLE_TABLE, withEdits } from '../../helpers/mp4-file.ts'
import { numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
const FRAMES = 60
const SIZE = [144, 96] as const
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-presentation-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Digests of the frames of each order, with a new reader per order; null for frames that are missing. */
async function read(
  path: string,
  orders: (count: number) => number[][],
): Promise<{ count: number; frames: (string | null)[][]; notices: string[] }> {
  await using demuxer = await Demuxer.open(path, signal)
  const scan = await scanPackets(path, demuxer, signal)
  const index = await indexPackets(path, scan, signal)
  const notices: string[] = []
  const frames: (string | null)[][] = []
  for (const wanted of orders(index.count)) {
    const found = new Map<number, string>()
    const reader = await FrameReader.open(path, index, null, signal)
    for await (const { index: number, frame } of reader.read(
      wanted,
      () => {},
      (text) => notices.push(text),
    ))
      found.set(number, pictureDigest(frame))
    await reader[Symbol.asyncDispose]()
    frames.push(wanted.map((number) => found.get(number) ?? null))
  }
  return { count: index.count, frames, notices }
}

/** Every frame, every seventh, and every fifth backwards. */
const ORDERS = (count: number) => [
  Array.from({ length: count }, (_, i) => i),
  Array.from({ length: Math.ceil(count / 7) }, (_, i) => i * 7),
  Array.from({ length: Math.ceil(count / 5) }, (_, i) => count - 1 - i * 5),
]

/** Compares our frames with those of decoding from the start. */
async function expectAsDecodedFromStart(path: string, everything = false): Promise<{ count: number; notices: string[] }> {
  const truth = await decodeAll(path, everything)
  const { count, frames, notices } = await read(path, ORDERS)
  expect(count).toBe(truth.length)
  expect(frames).toEqual(ORDERS(count).map((wanted) => wanted.map((number) => truth[number])))
  return { count, notices }
}

async function film(name: string, options: ClipOptions): Promise<string> {
  const path = join(folder, name)
  await writeClip(path, numberedPictures(FRAMES, ...SIZE), options)
  return path
}

async function changed(path: string, name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const target = join(folder, name)
  await writeFile(target, change(await readFile(path)))
  return target
}

const x265 = 'log-level=error'
const CODERS: Record<string, ClipOptions> = {
  'H.264': { gop: 12 },
  'H.264 with B-frames': { gop: 12, bFrames: 3 },
  'H.264 with B-frames and one keyframe': { gop: 1000, bFrames: 3 },
  'H.264 with open groups': { gop: 12, bFrames: 3, options: { 'x264-params': 'open-gop=1' } },
  'H.265 with open groups': { gop: 12, bFrames: 3, codec: 'libx265', options: { 'x265-params': `open-gop=1:${x265}` } },
  'MPEG-4 with B-frames': { gop: 12, bFrames: 2, codec: 'mpeg4' },
}

/** 25 frames per second: 40 of the movie's ticks per frame. */
const TICKS = 512
const EDITS: Record<string, readonly Edit[]> = {
  'an opening cut off': [{ duration: 30 * 40, start: 30 * TICKS }],
  'an opening cut off between two keyframes': [{ duration: 43 * 40, start: 17 * TICKS }],
  'both ends cut off': [{ duration: 20 * 40, start: 17 * TICKS }],
  'an end cut off': [{ duration: 31 * 40, start: 2 * TICKS }],
  'a pause in front': [
    { duration: 500, start: -1 },
    { duration: 40 * 40, start: 20 * TICKS },
  ],
  'a part in slow motion': [
    { duration: 20 * 40, start: 2 * TICKS },
    { duration: 80 * 40, start: 22 * TICKS, rate: 0.25 },
    { duration: 20 * 40, start: 42 * TICKS },
  ],
  'a middle cut out': [
    { duration: 15 * 40, start: 2 * TICKS },
    { duration: 15 * 40, start: 41 * TICKS },
  ],
  'its parts in another order': [
    { duration: 20 * 40, start: 31 * TICKS },
    { duration: 20 * 40, start: 5 * TICKS },
  ],
  'the same part twice': [
    { duration: 20 * 40, start: 17 * TICKS },
    { duration: 20 * 40, start: 17 * TICKS },
  ],
}

describe.each(Object.entries(CODERS))('%s', (coder, options) => {
  const name = coder.replaceAll(' ', '-')
  let path = ''
  beforeAll(async () => {
    path = await film(`${name}.mp4`, options)
  })

  test.each(Object.entries(EDITS))('with %s', async (edit, edits) => {
    const { notices } = await expectAsDecodedFromStart(await changed(path, `${name}-${edit}.mp4`, (bytes) => withEdits(bytes, edits)))
    expect(notices).toEqual([])
  })
})

/** Encoders omit presentation times in containers that have none or that they do not support. */
describe('only decoding times', () => {
  const withoutTimes = (bytes: Buffer) => changeBox(bytes, [...SAMPLE_TABLE, 'ctts'], () => null)

  test.each<[string, ClipOptions]>([
    ['H.264', { gop: 12, bFrames: 3 }],
    ['H.264, one keyframe', { gop: 1000, bFrames: 3 }],
    ['H.265', { gop: 12, bFrames: 3, codec: 'libx265', options: { 'x265-params': x265 } }],
    ['MPEG-4', { gop: 12, bFrames: 2, codec: 'mpeg4' }],
  ])('%s', async (name, options) => {
    const path = await changed(await film(`times-${name}.mp4`, options), `no-times-${name}.mp4`, withoutTimes)
    const { count, notices } = await expectAsDecodedFromStart(path, true)
    expect([count, notices]).toEqual([FRAMES, []])
    await using clip = await openClip(path, signal)
    const shown: number[] = []
    const times: number[] = []
    const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: FRAMES }, (_, i) => i) })
    for await (const frame of clip.frames(plan, signal, expect.unreachable)) {
      shown.push(readNumber(frame))
      times.push(Math.round(frame.time * 25))
    }
    expect(shown).toEqual(plan.indices)
    expect(times).toEqual(plan.indices)
  })

  test('presentation times are used for a film without B-frames', async () => {
    // Its encoder announces reordered frames and reorders none.
    const path = await film('no-b.mp4', {
      gop: 12,
      bFrames: 3,
      options: { 'x264-params': 'b-adapt=2:scenecut=0', 'forced-idr': '1', bf: '0' },
    })
    await using demuxer = await Demuxer.open(path, signal)
    expect((await indexPackets(path, await scanPackets(path, demuxer, signal), signal)).order).toBe('timestamps')
  })
})

describe('wrong keyframe marks', () => {
  const marks = (numbers: readonly number[]) => (bytes: Buffer) =>
    changeBox(bytes, [...SAMPLE_TABLE, 'stss'], () => int32s(0, numbers.length, ...numbers.map((number) => number + 1)))

  const coders: [string, ClipOptions][] = [
    ['H.264', { gop: 24 }],
    ['H.264 with B-frames', { gop: 24, bFrames: 3 }],
    ['H.265', { gop: 24, bFrames: 3, codec: 'libx265', options: { 'x265-params': x265 } }],
    ['MPEG-4', { gop: 24, codec: 'mpeg4' }],
    ['VP9', { gop: 24, codec: 'libvpx-vp9', options: { deadline: 'realtime', 'cpu-used': '8' } }],
    ['AV1', { gop: 24, codec: 'libsvtav1', options: { preset: '12' } }],
  ]
  describe.each(coders)('%s', (name, options) => {
    test.each<[string, (bytes: Buffer) => Buffer]>([
      ['none marked, which means all', (bytes) => changeBox(bytes, [...SAMPLE_TABLE, 'stss'], () => null)],
      // FFmpeg ignores a table that marks all.
      ['nearly all marked', marks(Array.from({ length: FRAMES }, (_, i) => i).filter((i) => i !== 20))],
      ['some wrong ones marked', marks([0, 5, 11, 17, 24, 31, 37, 44, 48, 55])],
      ['only wrong ones marked', marks([3, 13, 29, 41, 53])],
    ])('%s', async (how, change) => {
      const path = await changed(await film(`marks-${name}.mp4`, options), `marks-${name}-${how}.mp4`, change)
      const { notices } = await expectAsDecodedFromStart(path)
      for (const notice of notices) expect(notice).toContain('refer to earlier frames')
      if (how === 'nearly all marked' && name === 'MPEG-4') expect(notices.length).toBeGreaterThan(0)
    })
  })
})

test('frames after intra refresh are exact', async () => {
  await expectAsDecodedFromStart(await film('refresh.mkv', { gop: 12, options: { 'x264-params': 'intra-refresh=1' } }))
})
