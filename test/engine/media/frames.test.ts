import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { type Rotation, upright } from '../../../src/engine/media/orientation.ts'
import type { Clip } from '../../../src/engine/media/types.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { numberedPicture, numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-frames-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function numbersIn(clip: Clip, indices: number[]): Promise<number[]> {
  const numbers: number[] = []
  for await (const frame of clip.frames(clip.plan({ kind: 'indices', indices }), signal)) {
    expect([frame.width, frame.height]).toEqual([clip.info.width, clip.info.height])
    const number = readNumber(frame)
    expect(frame.index).toBe(number)
    numbers.push(number)
  }
  return numbers
}

const FRAMES = 61
/** The last frame alone, every frame, sparse frames, backwards and repeated. */
const ORDERS: Record<string, number[]> = {
  'the last': [FRAMES - 1],
  'every one': Array.from({ length: FRAMES }, (_, i) => i),
  'sparse ones': [0, 7, 30, 31, 58, 60],
  'backwards and twice': [59, 41, 41, 13, 12, 0],
}

interface Case extends ClipOptions {
  readonly file: string
  readonly size?: readonly [number, number]
}

const x265 = { 'x265-params': 'log-level=error' }
const CASES: Record<string, Case> = {
  'H.264 with B-frames in MP4': { file: 'b.mp4', bFrames: 3 },
  'H.264 with B-frames in MKV': { file: 'b.mkv', bFrames: 3 },
  'H.264 with B-frames in TS': { file: 'b.ts', bFrames: 3 },
  'H.264 with B-frames in MOV': { file: 'b.mov', bFrames: 2 },
  'H.264 with B-frames in AVI': { file: 'b.avi', bFrames: 2 },
  'H.264 with B-frames in fragmented MP4': { file: 'frag.mp4', bFrames: 3, containerOptions: { movflags: 'frag_keyframe+empty_moov' } },
  'H.264 with an index before the data': { file: 'fast.mp4', bFrames: 3, containerOptions: { movflags: 'faststart' } },
  'H.264 with open groups in MP4': { file: 'open.mp4', bFrames: 3, options: { 'x264-params': 'open-gop=1' } },
  'H.264 with open groups in MKV': { file: 'open.mkv', bFrames: 3, options: { 'x264-params': 'open-gop=1' } },
  'H.264 with open groups in TS': { file: 'open.ts', bFrames: 3, options: { 'x264-params': 'open-gop=1' } },
  'H.264 with one keyframe': { file: 'one.mp4', bFrames: 2, gop: 1000 },
  'H.264 with intra refresh': { file: 'refresh.mkv', options: { 'x264-params': 'intra-refresh=1' } },
  'interlaced H.264 in TS': { file: 'interlaced.ts', bFrames: 2, options: { 'x264-params': 'interlaced=1' } },
  'raw H.264': { file: 'raw.h264', bFrames: 2 },
  'H.265 with B-frames in MP4': { file: 'hevc.mp4', codec: 'libx265', bFrames: 3, options: x265 },
  'H.265 with open groups in MKV': {
    file: 'hevc.mkv',
    codec: 'libx265',
    bFrames: 3,
    options: { 'x265-params': 'open-gop=1:log-level=error' },
  },
  'H.265 in TS': { file: 'hevc.ts', codec: 'libx265', bFrames: 3, options: x265 },
  'VP8 in WebM': { file: 'vp8.webm', codec: 'libvpx', options: { deadline: 'realtime' } },
  'VP9 in WebM, with hidden frames': {
    file: 'vp9.webm',
    codec: 'libvpx-vp9',
    options: { 'auto-alt-ref': '1', 'lag-in-frames': '16', deadline: 'realtime', 'cpu-used': '8' },
  },
  'AV1 in MP4': { file: 'av1.mp4', codec: 'libsvtav1', options: { preset: '12' } },
  'MPEG-4 in AVI': { file: 'mpeg4.avi', codec: 'mpeg4' },
  'MPEG-4 with B-frames in AVI': { file: 'mpeg4b.avi', codec: 'mpeg4', bFrames: 2 },
  'MPEG-4 with B-frames in MP4': { file: 'mpeg4.mp4', codec: 'mpeg4', bFrames: 2 },
  'MPEG-2 with B-frames in TS': { file: 'mpeg2.ts', codec: 'mpeg2video', bFrames: 2 },
  'MPEG-2 with B-frames in a program stream': { file: 'mpeg2.mpg', codec: 'mpeg2video', bFrames: 2 },
  'MJPEG in AVI': { file: 'mjpeg.avi', codec: 'mjpeg', pixelFormat: 'yuvj420p' },
  'WMV in ASF': { file: 'wmv.wmv', codec: 'wmv2' },
  FLV: { file: 'h264.flv', bFrames: 2 },
  'uneven times in MP4': { file: 'vfr.mp4', bFrames: 3, timeOf: (i) => i * 3 + (i % 3) },
  'uneven times in MKV': { file: 'vfr.mkv', bFrames: 3, timeOf: (i) => i * 3 + (i % 3) },
  'uneven times in WebM': { file: 'vfr.webm', codec: 'libvpx', timeOf: (i) => i * i, options: { deadline: 'realtime' } },
  'a start that is not zero in MP4': { file: 'late.mp4', bFrames: 3, timeOf: (i) => i + 250, containerOptions: { use_editlist: '0' } },
  'an edit list that begins late': { file: 'edit.mp4', bFrames: 3, timeOf: (i) => i + 250 },
  'a start that is not zero in MKV': { file: 'late.mkv', bFrames: 3, timeOf: (i) => i + 250 },
  'an odd size, 4:4:4': { file: 'odd.mp4', size: [115, 67], pixelFormat: 'yuv444p', bFrames: 2 },
  'an odd size, 4:2:0': { file: 'odd.webm', size: [115, 67], codec: 'libvpx-vp9', options: { deadline: 'realtime', 'cpu-used': '8' } },
  '10 bits': { file: 'ten.mp4', pixelFormat: 'yuv420p10le', bFrames: 2 },
  '10 bits, HDR': { file: 'hdr.mkv', codec: 'libx265', pixelFormat: 'yuv420p10le', colourSpace: 9, transfer: 16, options: x265 },
}

describe.each(Object.entries(CASES))('%s', (_, { file, size: [width, height] = [144, 96], ...options }) => {
  let clip: Clip
  beforeAll(async () => {
    const path = join(folder, file)
    await writeClip(path, numberedPictures(FRAMES, width, height), options)
    clip = await openClip(path, signal)
  })

  test('every frame is counted', () => {
    expect(clip.info).toMatchObject({ kind: 'video', width, height, rotation: 0, frameCount: FRAMES })
    expect(clip.info.notices.filter((notice) => !notice.includes('HDR'))).toEqual([])
    expect(clip.info.notices.length).toBe(options.transfer ? 1 : 0)
  })

  test.each(Object.entries(ORDERS))('%s', async (_, indices) => {
    expect(await numbersIn(clip, indices)).toEqual(indices)
  })
})

/** Display matrices of the eight orientations. */
const MATRICES = {
  0: [1, 0, 0, 1],
  90: [0, 1, -1, 0],
  180: [-1, 0, 0, -1],
  270: [0, -1, 1, 0],
  'mirrored 0': [-1, 0, 0, 1],
  'mirrored 90': [0, -1, -1, 0],
  'mirrored 180': [1, 0, 0, -1],
  'mirrored 270': [0, 1, 1, 0],
} as const

describe.each(Object.entries(MATRICES))('a display matrix: %s', (name, matrix) => {
  test('every frame is upright', async () => {
    const path = join(folder, `turned ${name}.mp4`)
    const rotation = Number(name.replace('mirrored ', '')) as Rotation
    const mirrored = name.startsWith('mirrored')
    const stored = (picture: ReturnType<typeof numberedPicture>) =>
      upright(upright(picture, { mirrored: false, rotation: ((360 - rotation) % 360) as Rotation }), { mirrored, rotation: 0 })
    await writeClip(
      path,
      Array.from({ length: 12 }, (_, i) => stored(numberedPicture(i, 144, 96))),
      { matrix },
    )
    await using clip = await openClip(path, signal)
    expect(clip.info).toMatchObject({ width: 144, height: 96, rotation })
    expect(await numbersIn(clip, [0, 5, 11])).toEqual([0, 5, 11])
  })
})
