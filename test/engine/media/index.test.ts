import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Demuxer } from '../../../src/engine/media/demuxer.ts'
import { readMp4Index } from '../../../src/engine/media/mp4-index.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { scanPackets } from '../../../src/engine/media/packet-scan.ts'
import { VideoClip } from '../../../src/engine/media/video-clip.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-index-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function film(name: string, options: ClipOptions, frames = 100): Promise<string> {
  const path = join(folder, name)
  await writeClip(path, numberedPictures(frames, 144, 96), { gop: 20, ...options })
  return path
}

const fragmented = { movflags: 'frag_keyframe+empty_moov' }

describe.each<[string, string, ClipOptions]>([
  ['an index at the end', 'last.mp4', { bFrames: 3 }],
  ['an index at the start', 'first.mp4', { bFrames: 3, containerOptions: { movflags: 'faststart' } }],
  ['no B-frames', 'plain.mov', {}],
  ['uneven times', 'uneven.mp4', { bFrames: 2, timeOf: (i) => i * 3 + (i % 3) }],
  ['a late start', 'late.mp4', { bFrames: 2, timeOf: (i) => i + 99 }],
  ['keyframes only', 'keys.mp4', { gop: 1 }],
  ['only sync samples', 'mjpeg.mov', { codec: 'mjpeg', pixelFormat: 'yuvj420p' }],
])('an MP4 with %s', (_, name, options) => {
  test('has the packets that a full scan finds', async () => {
    const path = await film(name, options)
    await using demuxer = await Demuxer.open(path, signal)
    const own = await readMp4Index(path, demuxer.stream.id)
    const scan = await scanPackets(path, demuxer, signal)
    await using whole = await film(`${name}.mkv`, options).then((mkv) => Demuxer.open(mkv, signal))
    const through = await scanPackets(`${path}.mkv`, whole, signal)
    expect(own?.packets.length).toBe(100)
    // Matroska has millisecond times.
    const times = ({ packets }: typeof scan, tick: number) =>
      packets.map(({ pts }) => Math.round(((pts ?? 0) - (packets[0]?.pts ?? 0)) * tick * 1000))
    expect(times(scan, demuxer.secondsPerTick)).toEqual(times(through, whole.secondsPerTick))
    expect(scan.packets.map(({ keyframe }) => keyframe)).toEqual(through.packets.map(({ keyframe }) => keyframe))
  })
})

test.each<[string, string, ClipOptions]>([
  ['fragments', 'fragments.mp4', { containerOptions: fragmented }],
  ['another container', 'other.mkv', {}],
])('%s have no such index', async (_, name, options) => {
  const path = await film(name, options)
  expect(await readMp4Index(path, 1)).toBeNull()
})

test('a damaged index is rejected or left to FFmpeg', async () => {
  const bytes = await readFile(await film('sound.mp4', { bFrames: 2, containerOptions: { movflags: 'faststart' } }))
  const path = join(folder, 'damaged.mp4')
  const moov = bytes.indexOf('moov')
  for (const table of ['stsz', 'stts', 'ctts', 'stsc', 'stco', 'stss', 'elst']) {
    const at = bytes.indexOf(table, moov)
    expect(at).toBeGreaterThan(0)
    for (const offset of [8, 12, 16]) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt32BE(0x7fffff00, at + offset)
      await writeFile(path, damaged)
      const index = await readMp4Index(path, 1)
      expect(index?.packets.length ?? 0).toBeLessThanOrEqual(100)
    }
  }
  await writeFile(path, bytes.subarray(0, bytes.length - 2000))
  expect(await readMp4Index(path, 1)).toBeNull()
})

describe('decodes only what is needed', () => {
  async function work(path: string, indices: number[]) {
    await using clip = await VideoClip.open(path, 1, new Uint8Array(), signal)
    const plan = clip.plan({ kind: 'indices', indices })
    let given = 0
    for await (const _ of clip.frames(plan, signal)) given += 1
    expect(given).toBe(indices.length)
    // The plan predicts it.
    expect(plan.pixels).toBe(clip.counts.packets * 144 * 96)
    return clip.counts
  }

  test.each(['mp4', 'mkv'])('%s: a frame costs the frames from its keyframe on', async (ending) => {
    const path = await film(`work.${ending}`, {})
    expect(await work(path, [0])).toMatchObject({ packets: 1 })
    expect(await work(path, [85])).toMatchObject({ packets: 6, seeks: 1 })
    expect(await work(path, [5, 45, 85])).toMatchObject({ packets: 18 })
  })

  test('nearby frames are decoded in one pass', async () => {
    const path = await film('stretch.mp4', {})
    expect(await work(path, [21, 25, 27])).toMatchObject({ packets: 8, seeks: 1 })
    expect(
      await work(
        path,
        Array.from({ length: 100 }, (_, i) => i),
      ),
    ).toMatchObject({ packets: 100, seeks: 1 })
  })

  test('with B-frames, decoding stops at the packet of the frame', async () => {
    const path = await film('b.mp4', { bFrames: 3, gop: 25 })
    const { packets } = await work(path, [30])
    expect(packets).toBeLessThanOrEqual(10)
  })

  test.each(['libx264', 'libx265'])('%s: skips non-reference frames', async (codec) => {
    const path = await film(`${codec}.mp4`, {
      codec,
      bFrames: 3,
      gop: 100,
      options: codec === 'libx265' ? { 'x265-params': 'log-level=error:bframes=3:b-adapt=0' } : { 'x264-params': 'b-adapt=0' },
    })
    const { packets, frames } = await work(path, [50, 90])
    expect(packets).toBeGreaterThan(85)
    expect(frames).toBeLessThan(0.7 * packets)
  })
})

test('a file is indexed once, and again after it has changed', async () => {
  const indexOf = async (path: string) => {
    await using clip = await openClip(path, signal)
    if (!(clip instanceof VideoClip)) throw new Error('not a video')
    return clip.source.index
  }
  const path = await film('again.mkv', { bFrames: 2 })
  const index = await indexOf(path)
  expect(await indexOf(path)).toBe(index)
  await film('again.mkv', { bFrames: 2 }, 60)
  expect((await indexOf(path)).count).toBe(60)
})
