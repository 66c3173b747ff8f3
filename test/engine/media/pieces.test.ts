import { fileURLToPath } from 'node:url'
import {
  AVCOL_PRI_BT709,
  AVCOL_PRI_BT2020,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_BT709,
  AVCOL_TRC_IEC61966_2_1,
  AVCOL_TRC_SMPTE2084,
} from 'node-av/constants'
import { FilterGraph, Rational } from 'node-av/lib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Demuxer } from '../../../src/engine/media/demuxer.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { writeContactSheet } from '../../../src/engine/media/pieces/contact-sheet.ts'
import { type FfmpegProgram, findFfmpeg, runFfmpeg } from '../../../src/engine/media/pieces/ffmpeg-program.ts'
import type { CutMode, TimeRange } from '../../../src/engine/media/pieces/piece-plan.ts'
import { pieceArguments } from '../../../src/engine/media/pieces/program-piece.ts'
import { SoundEncoder } from '../../../src/engine/media/pieces/sound.ts'
import { type PiecePlan, pieceMatches, planPieces, writePiece } from '../../../src/engine/media/pieces/write-pieces.ts'
import { writePreview } from '../../../src/engine/media/preview.ts'
import { thumbnailOf } from '../../../src/engine/pictures.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { numberedPicture, numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { addBeeps, hearBeeps } from '../../helpers/sound-clip.ts'

const FRAMES = 100
const never = new AbortController().signal
let scratch: ScratchFolder
let program: FfmpegProgram | null

beforeAll(async () => {
  scratch = await ScratchFolder.make()
  program = (await findFfmpeg()).program
  if (!program) process.stdout.write('There is no FFmpeg program: only its libraries are tested.\n')
})
afterAll(() => scratch[Symbol.asyncDispose]())

interface Written {
  readonly numbers: readonly number[]
  readonly times: readonly number[]
  readonly duration: number
  readonly size: string
  /** Mean of all values of the first frame. */
  readonly mean: number
  readonly codec: string
  readonly sound: Awaited<ReturnType<typeof hearBeeps>>
}

async function look(path: string): Promise<Written> {
  await using clip = await openClip(path, never)
  const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: clip.info.frameCount }, (_, i) => i) })
  const numbers: number[] = []
  let mean = 0
  for await (const frame of clip.frames(plan, never)) {
    if (numbers.length === 0) mean = frame.rgb.reduce((sum, value) => sum + value, 0) / frame.rgb.length
    numbers.push(readNumber(frame))
  }
  const { duration, codec, width, height } = clip.info
  return { numbers, times: plan.times, duration, size: `${width}x${height}`, mean, codec, sound: await hearBeeps(path) }
}

/** How players show a file's pixels. */
interface Properties {
  readonly aspect: string
  /** FFmpeg's numbers. */
  readonly colours: { readonly range: number; readonly space: number; readonly primaries: number; readonly transfer: number }
}

async function propertiesOf(path: string): Promise<Properties> {
  await using demuxer = await Demuxer.open(path, never)
  const { colorRange, colorSpace, colorPrimaries, colorTrc } = demuxer.stream.codecpar
  const colours = { range: colorRange, space: colorSpace, primaries: colorPrimaries, transfer: colorTrc }
  return { aspect: `${demuxer.aspect.num}:${demuxer.aspect.den}`, colours }
}

/** Cuts a piece with FFmpeg's libraries and, where there is one that can, with the program. */
async function cut(path: string, range: TimeRange, mode: CutMode): Promise<{ plan: PiecePlan; pieces: (Written & Properties)[] }> {
  const [plan] = (await planPieces(path, [range], mode, never)) as [PiecePlan]
  const ways: [string, (target: string) => Promise<unknown>][] = [
    ['libraries', (target) => writePiece(path, plan, target, never, () => {})],
  ]
  if (program && pieceArguments(program, path, plan, ''))
    ways.push([
      'program',
      async (target) => {
        expect(
          await runFfmpeg(
            program as FfmpegProgram,
            pieceArguments(program as FfmpegProgram, path, plan, target) ?? [],
            target,
            never,
            () => {},
          ),
        ).toBe(true)
      },
    ])
  const pieces: (Written & Properties)[] = []
  for (const [name, write] of ways) {
    const target = `${path}-${mode}-${name}.media`
    await write(target)
    expect(await pieceMatches(path, plan, target, never), name).toBe(true)
    pieces.push({ ...(await look(target)), ...(await propertiesOf(target)) })
  }
  return { plan, pieces }
}

const count = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

const sources: [name: string, options: ClipOptions, container: 'mp4' | 'matroska' | 'webm', sound: string][] = [
  ['h264.mp4', { gop: 20 }, 'mp4', 'aac'],
  ['b-frames.mp4', { gop: 20, bFrames: 2 }, 'mp4', 'aac'],
  [
    'hevc.mkv',
    { codec: 'libx265', gop: 20, options: { preset: 'ultrafast', 'x265-params': 'log-level=none:bframes=0' } },
    'matroska',
    'libvorbis',
  ],
  ['vp9.webm', { codec: 'libvpx-vp9', gop: 20, options: { 'cpu-used': '8', deadline: 'realtime' } }, 'webm', 'libopus'],
  ['vp8.webm', { codec: 'libvpx', gop: 20, options: { 'cpu-used': '8', deadline: 'realtime' } }, 'webm', 'libopus'],
  ['av1.mp4', { codec: 'libsvtav1', gop: 20, options: { preset: '12', 'svtav1-params': 'pred-struct=1' } }, 'mp4', 'aac'],
]

describe.each(sources)('%s', (name, options, container, sound) => {
  let path: string

  beforeAll(async () => {
    const silent = scratch.path(`silent-${name}`)
    await writeClip(silent, numberedPictures(FRAMES, 180, 100), options)
    path = scratch.path(name)
    await addBeeps(silent, path, container, sound, FRAMES / 25)
  })

  test('is cut exactly, with its sound', async () => {
    // The frame 35 is on screen at 1.41 s, in the middle of a group.
    const { plan, pieces } = await cut(path, { start: 1.41, end: 3 }, 'exact')
    expect(plan).toMatchObject({ first: 35, last: 74, copied: null, container: 'mp4' })
    for (const piece of pieces) {
      expect(piece.numbers).toEqual(count(35, 74))
      expect(piece.codec).toBe('h264')
      expect(piece.duration).toBeCloseTo(1.6, 2)
      expect(piece.sound?.start).toBeCloseTo(0, 2)
      expect(piece.sound?.end).toBeCloseTo(1.6, 1)
      expect(piece.sound?.beeps).toHaveLength(1)
      expect(piece.sound?.beeps[0]).toBeCloseTo(0.6, 2)
    }
  })

  test('is copied from the keyframe before', async () => {
    const { plan, pieces } = await cut(path, { start: 1.41, end: 3 }, 'copy')
    expect(plan.copied).not.toBeNull()
    expect(plan.first).toBeLessThanOrEqual(35)
    expect(plan.last).toBeGreaterThanOrEqual(74)
    for (const piece of pieces) {
      expect(piece.numbers).toEqual(count(plan.first, plan.last))
      // The beep at 2 s stays with its frame; a packet of sound lasts up to 0.1 s.
      const expected = 2 - plan.range.start
      expect(piece.sound?.beeps.some((beep) => Math.abs(beep - expected) < 0.03)).toBe(true)
      expect(Math.abs((piece.sound?.end ?? 0) - (plan.range.end - plan.range.start))).toBeLessThan(0.13)
    }
  })
})

test('copies an exact piece between keyframes without encoding it', async () => {
  const path = scratch.path('h264.mp4')
  const { plan, pieces } = await cut(path, { start: 0.8, end: 2.4 }, 'exact')
  expect(plan).toMatchObject({ first: 20, last: 59, copied: { count: 40 } })
  for (const piece of pieces) expect(piece.numbers).toEqual(count(20, 59))
})

test('keeps the times of frames at a variable rate', async () => {
  const path = scratch.path('variable.mkv')
  const timeOf = (index: number) => index * 40 + (index % 3) * 9
  await writeClip(path, numberedPictures(FRAMES, 180, 100), { rate: [1000, 1], gop: 20, timeOf })
  for (const mode of ['exact', 'copy'] as const) {
    const { plan, pieces } = await cut(path, { start: 1.41, end: 3 }, mode)
    for (const piece of pieces) {
      expect(piece.numbers).toEqual(count(plan.first, plan.last))
      for (const [i, time] of piece.times.entries())
        expect(Math.abs(time - (timeOf(plan.first + i) - timeOf(plan.first)) / 1000)).toBeLessThan(0.0011)
      expect(piece.sound).toBeNull()
    }
  }
})

test.each([90, 180, 270] as const)('turns frames upright that are stored turned by %i degrees', async (rotation) => {
  const path = scratch.path(`turned-${rotation}.mp4`)
  await writeClip(path, turned(rotation), { gop: 20, rotation })
  const source = await look(path)
  expect(source.numbers).toEqual(count(0, 39))
  const { pieces } = await cut(path, { start: 0.41, end: 1.2 }, 'exact')
  for (const piece of pieces) expect(piece).toMatchObject({ numbers: count(10, 29), size: source.size })
  const copies = await cut(path, { start: 0.41, end: 1.2 }, 'copy')
  for (const piece of copies.pieces) expect(piece).toMatchObject({ numbers: count(0, 29), size: source.size })
})

/** Numbered pictures as a camera that was held turned stores them. */
function* turned(rotation: 90 | 180 | 270) {
  for (let number = 0; number < 40; number += 1) {
    let picture = numberedPicture(number, 198, 100)
    for (let quarter = 0; quarter < (360 - rotation) / 90; quarter += 1) picture = quarterTurn(picture)
    yield picture
  }
}

/** Turns a picture clockwise. */
function quarterTurn({ width, height, rgb }: ReturnType<typeof numberedPicture>): ReturnType<typeof numberedPicture> {
  const out = new Uint8Array(rgb.length)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let c = 0; c < 3; c += 1) out[(x * height + (height - 1 - y)) * 3 + c] = rgb[(y * width + x) * 3 + c] as number
  return { width: height, height: width, rgb: out }
}

test.each([
  ['of all values', { colourRange: AVCOL_RANGE_JPEG, colourSpace: AVCOL_SPC_BT709, primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_BT709 }],
  [
    'in HDR',
    { colourRange: AVCOL_RANGE_MPEG, colourSpace: AVCOL_SPC_BT2020_NCL, primaries: AVCOL_PRI_BT2020, transfer: AVCOL_TRC_SMPTE2084 },
  ],
])('keeps the colours of a clip %s', async (name, colours) => {
  const path = scratch.path(`${name}.mp4`)
  await writeClip(path, numberedPictures(20, 180, 100), { gop: 20, ...colours })
  const { pieces } = await cut(path, { start: 0.2, end: 0.6 }, 'exact')
  const { mean } = await look(path)
  for (const piece of pieces) {
    const { colourSpace: space, primaries, transfer } = colours
    expect(piece.colours).toEqual({ range: AVCOL_RANGE_MPEG, space, primaries, transfer })
    expect(Math.abs(piece.mean - mean)).toBeLessThan(2)
  }
  await writePreview(path, `${path}.webm`, never, () => {})
  expect((await propertiesOf(`${path}.webm`)).colours).toMatchObject({ range: AVCOL_RANGE_MPEG, space: AVCOL_SPC_SMPTE170M })
  expect(Math.abs((await look(`${path}.webm`)).mean - mean)).toBeLessThan(2)
})

const sRgb = { range: AVCOL_RANGE_MPEG, space: AVCOL_SPC_SMPTE170M, primaries: AVCOL_PRI_BT709, transfer: AVCOL_TRC_IEC61966_2_1 }

test.each<[name: string, options: ClipOptions, stated?: Partial<Properties['colours']>]>([
  ['rgb.mp4', { codec: 'libx264rgb', pixelFormat: 'rgb24', gop: 20 }],
  ['rgb.mkv', { codec: 'ffv1', pixelFormat: 'bgr0' }],
  [
    'wide.mkv',
    { codec: 'ffv1', pixelFormat: 'bgr0', primaries: AVCOL_PRI_BT2020, transfer: AVCOL_TRC_BT709 },
    { primaries: AVCOL_PRI_BT2020, transfer: AVCOL_TRC_BT709 },
  ],
])('states the colours to which it converts the RGB of %s', async (name, options, stated = {}) => {
  const path = scratch.path(name)
  await writeClip(path, numberedPictures(20, 180, 100), options)
  const { pieces } = await cut(path, { start: 0.22, end: 0.6 }, 'exact')
  const { mean } = await look(path)
  for (const piece of pieces) {
    expect(piece.colours).toEqual({ ...sRgb, ...stated })
    expect(Math.abs(piece.mean - mean)).toBeLessThan(2)
  }
})

test('states the colours to which it converts a GIF', async () => {
  const path = scratch.path('coloured.gif')
  const [width, height, frames] = [180, 100, 10]
  // Equal pictures would become one.
  const rgb = Buffer.concat(Array.from({ length: frames }, (_, i) => Buffer.alloc(width * height * 3, Buffer.from([200, 40, 90 + i]))))
  await sharp(rgb, { raw: { width, height: height * frames, channels: 3, pageHeight: height } })
    .gif({ delay: Array(frames).fill(100) })
    .toFile(path)
  const target = `${path}.mp4`
  const [plan] = (await planPieces(path, [{ start: 0.3, end: 0.8 }], 'exact', never)) as [PiecePlan]
  await writePiece(path, plan, target, never, () => {})
  expect((await propertiesOf(target)).colours).toEqual(sRgb)
  await using clip = await openClip(target, never)
  for await (const { rgb: shown } of clip.frames(clip.plan({ kind: 'indices', indices: [0] }), never))
    for (const [i, value] of [200, 40, 93].entries()) expect(Math.abs((shown[i] ?? 0) - value)).toBeLessThan(6)
})

/** Size of what is not black in the first picture of a contact sheet. */
async function sizeOnSheet(path: string): Promise<string> {
  const region = { left: 16, top: 16, width: 320, height: 180 }
  const { data } = await sharp(path).extract(region).greyscale().raw().toBuffer({ resolveWithObject: true })
  const lit = Array.from(data.entries()).flatMap(([at, value]) => (value > 100 ? [at] : []))
  const sideOf = (places: number[]) => places.reduce((a, b) => Math.max(a, b), 0) - places.reduce((a, b) => Math.min(a, b), Infinity) + 1
  return `${sideOf(lit.map((at) => at % region.width))}x${sideOf(lit.map((at) => Math.floor(at / region.width)))}`
}

/** Makes pixels half as wide again as they are high. */
const widePixels: ClipOptions['beforeHeader'] = ({ streams: [stream] }) => {
  if (stream) stream.sampleAspectRatio = new Rational(3, 2)
}

test.each([
  [0, '270x100', '320x119'],
  [90, '100x270', '67x180'],
] as const)('shows the pixels of thumbnails and contact sheets as players do, turned by %i degrees', async (rotation, size, onSheet) => {
  const path = scratch.path(`lit-${rotation}.mp4`)
  const white = { width: 180, height: 100, rgb: new Uint8Array(180 * 100 * 3).fill(255) }
  await writeClip(path, [white, white], { rotation, beforeHeader: widePixels })
  const { width, height } = await sharp(await thumbnailOf(path, null, never)).metadata()
  expect(`${width}x${height}`).toBe(size)
  await writeContactSheet([{ path, title: '1', caption: '' }], `${path}.jpg`, never)
  expect(await sizeOnSheet(`${path}.jpg`)).toBe(onSheet)
})

test.each([
  [0, '3:2', '270x100'],
  [90, '2:3', '100x270'],
] as const)('keeps the shape of pixels, turned by %i degrees', async (rotation, aspect, size) => {
  const path = scratch.path(`wide-${rotation}.mp4`)
  await writeClip(path, numberedPictures(20, 180, 100), { gop: 20, rotation, beforeHeader: widePixels })
  const { pieces } = await cut(path, { start: 0.2, end: 0.6 }, 'exact')
  for (const piece of pieces) expect(piece).toMatchObject({ aspect, size: rotation === 0 ? '180x100' : '100x180' })
  await writePreview(path, `${path}.webm`, never, () => {})
  expect(await look(`${path}.webm`)).toMatchObject({ size })
  expect(await propertiesOf(`${path}.webm`)).toMatchObject({ aspect: '1:1' })
})

test('cuts a stream whose packets have no times, and one that starts late', async () => {
  const raw = scratch.path('raw.h264')
  await writeClip(raw, numberedPictures(FRAMES, 180, 100), { gop: 20, bFrames: 2 })
  const untimed = await cut(raw, { start: 1, end: 2 }, 'exact')
  expect(untimed.pieces.map(({ numbers }) => numbers)).toEqual([count(untimed.plan.first, untimed.plan.last)])
  const late = scratch.path('late.ts')
  await writeClip(late, numberedPictures(FRAMES, 180, 100), { gop: 20, bFrames: 2, timeOf: (i) => i + 500 })
  for (const mode of ['exact', 'copy'] as const) {
    const { plan, pieces } = await cut(late, { start: 1.41, end: 3 }, mode)
    for (const piece of pieces) expect(piece.numbers).toEqual(count(plan.first, plan.last))
  }
})

test('cuts a GIF whose frames have no delays but the last one', async () => {
  const path = scratch.path('no-delays.gif')
  const [width, height, frames] = [180, 100, 10]
  const rgb = Buffer.concat(Array.from(numberedPictures(frames, width, height), (picture) => picture.rgb))
  const raw = { width, height: height * frames, channels: 3, pageHeight: height } as const
  await sharp(rgb, { raw })
    .gif({ delay: count(1, frames).map((number) => (number === frames ? 2000 : 0)) })
    .toFile(path)
  const { numbers, times, duration } = await look(path)
  expect(numbers).toEqual(count(0, 9))
  expect(times.map((time) => Math.round(time * 1000))).toEqual(count(0, 9).map((index) => index * 100))
  expect(duration).toBeCloseTo(2.9, 6)
  const { pieces } = await cut(path, { start: 0.3, end: 0.8 }, 'exact')
  expect(pieces.map((piece) => piece.numbers)).toEqual([count(3, 7)])
})

test('sound that nobody reads to its end holds nothing', async () => {
  const path = scratch.path('h264.mp4')
  const sound = await SoundEncoder.open(path, { start: 0, end: 4 }, () => {}, never)
  expect((await sound?.packets(never).next())?.done).toBe(false)
  const freed = vi.spyOn(FilterGraph.prototype, 'free')
  await sound?.[Symbol.asyncDispose]()
  expect(freed).toHaveBeenCalledOnce()
  freed.mockRestore()
})

test('notices a file with other frames than planned', async () => {
  const path = scratch.path('h264.mp4')
  const [here, elsewhere] = (await planPieces(
    path,
    [
      { start: 1.41, end: 2.41 },
      { start: 1.49, end: 2.49 },
    ],
    'exact',
    never,
  )) as [PiecePlan, PiecePlan]
  const target = scratch.path('elsewhere.mp4')
  await writePiece(path, elsewhere, target, never, () => {})
  expect(await pieceMatches(path, elsewhere, target, never)).toBe(true)
  expect(await pieceMatches(path, here, target, never)).toBe(false)
  expect(await pieceMatches(path, here, path, never)).toBe(false)
})

test('refuses a picture', async () => {
  const path = fileURLToPath(new URL('../../fixtures/media/rgb.png', import.meta.url))
  await expect(planPieces(path, [{ start: 0, end: 1 }], 'exact', never)).rejects.toMatchObject({ code: 'invalid-range' })
})
