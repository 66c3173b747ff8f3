import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPicture, numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
let folder = ''
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-bad-'))
  const x264 = { gop: 10, bFrames: 2 }
  await writeClip(at('moov-last.mp4'), numberedPictures(60, 144, 96), x264)
  await writeClip(at('moov-first.mp4'), numberedPictures(60, 144, 96), { ...x264, containerOptions: { movflags: 'faststart' } })
  await writeClip(at('clip.mkv'), numberedPictures(60, 144, 96), x264)
  await writeClip(at('clip.ts'), numberedPictures(60, 144, 96), x264)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

async function describeAll(path: string, indices?: number[]): Promise<{ numbers: number[]; notices: string[]; frameCount: number }> {
  await using clip = await openClip(path, signal)
  const notices = [...clip.info.notices]
  const numbers: number[] = []
  const wanted = indices ?? Array.from({ length: clip.info.frameCount }, (_, i) => i)
  for await (const frame of clip.frames(clip.plan({ kind: 'indices', indices: wanted }), signal, (text) => notices.push(text))) {
    numbers.push(readNumber(frame) === frame.index ? frame.index : -1)
  }
  return { numbers, notices, frameCount: clip.info.frameCount }
}

async function cut(name: string, share: number): Promise<string> {
  const bytes = await readFile(at(name))
  await writeFile(at(`cut-${name}`), bytes.subarray(0, Math.floor(bytes.length * share)))
  return at(`cut-${name}`)
}

/** A WAV file: its header says one second, 8000 Hz, 8 bits. */
function wave(): Buffer {
  const header = Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0', 'latin1')
  header.writeUInt32LE(36 + 8000, 4)
  return Buffer.concat([header, Buffer.alloc(8000, 128)])
}

describe('rejects', () => {
  test.each<[string, string, (path: string) => Promise<unknown>]>([
    ['nothing there', 'file-missing', async () => {}],
    ['a folder', 'file-unreadable', (path) => mkdir(path)],
    ['an empty file', 'file-empty', (path) => writeFile(path, '')],
    ['a text', 'not-media', (path) => writeFile(path, 'It was a dark and stormy night. '.repeat(200))],
    ['a text named as ANSI art', 'not-media', (path) => writeFile(`${path}`, '\x1b[31mred\x1b[0m text\n'.repeat(200))],
    ['noise', 'not-media', (path) => writeFile(path, createHash('shake256', { outputLength: 40_000 }).update('seed').digest())],
    ['zeros', 'not-media', (path) => writeFile(path, Buffer.alloc(20_000))],
    ['sound', 'no-video', (path) => writeFile(path, wave())],
    [
      'a playlist',
      'not-media',
      (path) => writeFile(path, `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${at('moov-first.mp4')}\n#EXT-X-ENDLIST\n`),
    ],
    ['a concat script', 'not-media', (path) => writeFile(path, `ffconcat version 1.0\nfile ${at('moov-first.mp4')}\n`)],
    ['an MP4 whose index is missing', 'not-media', async (path) => copyFile(await cut('moov-last.mp4', 0.6), path)],
    [
      'only the header of a picture',
      'no-frames',
      (path) => writeFile(path, Buffer.from('474946383961100010008000000000000000003b', 'hex')),
    ],
  ])('%s', async (name, code, make) => {
    const path = at(`${name}.ans`)
    await make(path)
    await expect(openClip(path, signal)).rejects.toMatchObject({ name: 'TarsierError', code, message: expect.stringContaining(path) })
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('an unreadable file', async () => {
    await writeFile(at('secret.mp4'), 'x')
    await chmod(at('secret.mp4'), 0)
    await expect(openClip(at('secret.mp4'), signal)).rejects.toMatchObject({ code: 'file-unreadable' })
  })

  test.skipIf(process.platform === 'win32')('an endless device', async () => {
    await expect(openClip('/dev/zero', signal)).rejects.toMatchObject({ code: 'file-unreadable' })
  })
})

describe('reads the frames of a truncated file', () => {
  test.each([
    ['moov-first.mp4', 0.7],
    ['clip.mkv', 0.6],
    ['clip.ts', 0.6],
  ])('%s', async (name, share) => {
    const { numbers, notices, frameCount } = await describeAll(await cut(name, share))
    expect(frameCount).toBeGreaterThan(20)
    expect(frameCount).toBeLessThan(60)
    // The last frames may have lost their reference frames.
    expect(numbers.filter((number) => number >= 0).length).toBeGreaterThan(frameCount - 5)
    if (!name.endsWith('.ts')) expect(notices.join(' ')).toContain('truncated')
  })

  test('a picture', async () => {
    await sharp({ create: { width: 400, height: 300, channels: 3, noise: { type: 'gaussian', mean: 120, sigma: 40 }, background: '#000' } })
      .jpeg()
      .toFile(at('photo.jpg'))
    const notices: string[] = []
    await using clip = await openClip(await cut('photo.jpg', 0.5), signal)
    const frames = await all(clip.frames(clip.plan({ kind: 'uniform', count: 1 }), signal, (text) => notices.push(text)))
    expect(frames).toMatchObject([{ index: 0, width: 400, height: 300 }])
    expect(notices).toEqual(['The picture is damaged or incomplete: parts of it are missing.'])
  })
})

test('damage in the middle loses the affected frames, repeats none, and gives a notice', async () => {
  const bytes = await readFile(at('moov-first.mp4'))
  const start = Math.floor(bytes.length * 0.45)
  bytes.fill(0x5a, start, start + Math.floor(bytes.length * 0.12))
  await writeFile(at('damaged.mp4'), bytes)
  const { numbers, notices } = await describeAll(at('damaged.mp4'))
  const right = numbers.filter((number) => number >= 0)
  expect(new Set(right).size).toBe(right.length)
  expect(right.length).toBeGreaterThan(30)
  expect(notices.length).toBeGreaterThan(0)
})

test.each(['-rf.mp4', 'a:b.mp4', '100%03d%s.mp4', 'フィルム №1.mp4', 'pipe:0', 'with\nline.mp4', 'no ending', 'really a film.png'])(
  'opens a file named %j',
  async (name) => {
    const path = at(name)
    await copyFile(at('moov-last.mp4'), path)
    const cwd = process.cwd()
    try {
      process.chdir(folder)
      expect((await describeAll(name, [3, 33])).numbers).toEqual([3, 33])
    } finally {
      process.chdir(cwd)
    }
  },
)

test('applies the EXIF orientation', async () => {
  const { width, height, rgb } = numberedPicture(77, 144, 96)
  await sharp(rgb, { raw: { width, height, channels: 3 } })
    .rotate(270)
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(at('exif.png'))
  await using clip = await openClip(at('exif.png'), signal)
  expect(clip.info).toMatchObject({ kind: 'image', width: 144, height: 96, rotation: 90, frameCount: 1, rate: 0 })
  const [frame] = await all(clip.frames(clip.plan({ kind: 'middle', count: 8 }), signal))
  expect(frame && readNumber(frame)).toBe(77)
})

/** A BMP: 24 bits, bottom row first, blue first. */
function bitmap({ width, height, rgb }: ReturnType<typeof numberedPicture>): Buffer {
  const header = Buffer.from('BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\0\0\0\0\0\0\x01\0\x18\0', 'latin1')
  const bytes = Buffer.concat([header, Buffer.alloc(24 + rgb.length)])
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeInt32LE(width, 18)
  bytes.writeInt32LE(height, 22)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width * 3; x += 1)
      bytes[54 + (height - 1 - y) * width * 3 + x] = rgb[y * width * 3 + x - (x % 3) + 2 - (x % 3)] as number
  }
  return bytes
}

test.each(['picture.bmp', 'picture', '%03d.bmp'])('reads a picture that only FFmpeg supports: %s', async (name) => {
  await writeFile(at(name), bitmap(numberedPicture(45, 144, 96)))
  await using clip = await openClip(at(name), signal)
  expect(clip.info).toMatchObject({ kind: 'image', width: 144, height: 96, frameCount: 1, rate: 0, duration: 0 })
  const [frame] = await all(clip.frames(clip.plan({ kind: 'uniform', count: 16 }), signal))
  expect(frame && readNumber(frame)).toBe(45)
})

/** A GIF with one color over the whole canvas and hardly any pixel data, repeated `pictures` times. */
function bareGif(width: number, height: number, pictures: number, disposal: number): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16LE(width, 0)
  size.writeUInt16LE(height, 2)
  const picture = Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, disposal << 2, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0]),
    size,
    Buffer.from([0, 2, 2, 0x4c, 1, 0]),
  ])
  const head = Buffer.concat([Buffer.from('GIF89a'), size, Buffer.from([0x80, 0, 0, 255, 0, 0, 0, 0, 255])])
  return Buffer.concat([head, ...Array.from({ length: pictures }, () => picture), Buffer.from(';')])
}

/** The fixture with 600,000 more chunks at its end; in a PNG before its last chunk, `IEND`. */
async function withChunks(name: string, chunk: string): Promise<Buffer> {
  const bytes = await changedFixture(name, () => {})
  const end = name.endsWith('.png') ? bytes.length - 12 : bytes.length
  return Buffer.concat([bytes.subarray(0, end), Buffer.from(chunk.repeat(600_000), 'latin1'), bytes.subarray(end)])
}

/** The fixture after `write` changed its header. */
async function changedFixture(name: string, write: (bytes: Buffer) => unknown): Promise<Buffer> {
  const bytes = await readFile(new URL(`../../fixtures/media/${name}`, import.meta.url))
  write(bytes)
  return bytes
}

describe('rejects small files that would need much memory before drawing them', () => {
  test.each<[string, RegExp, () => Buffer | Promise<Buffer>]>([
    ['a GIF with a huge canvas', /16384×16384 pixels; the limit for animations is 33554432/, () => bareGif(16384, 16384, 1, 0)],
    ['a GIF that restores huge canvases', /16384×16384 pixels/, () => bareGif(16384, 16384, 4, 3)],
    ['a GIF of many large pictures', /its 3000 pictures have 12582912000 pixels in total/, () => bareGif(2048, 2048, 3000, 2)],
    ['a GIF of too many pictures', /it has more than 524288 blocks/, () => bareGif(1, 1, 300_000, 0)],
    ['a WebP of too many chunks', /more than 524288 blocks/, () => withChunks('soft-lossy.webp', 'JUNK\0\0\0\0')],
    [
      'a WebP of too many chunks before its pictures',
      /more than 524288 blocks/,
      async () => {
        const bytes = await changedFixture('soft-lossy.webp', () => {})
        const first = bytes.indexOf('ANMF')
        return Buffer.concat([bytes.subarray(0, first), Buffer.from('JUNK\0\0\0\0'.repeat(600_000), 'latin1'), bytes.subarray(first)])
      },
    ],
    ['an animated PNG of too many chunks', /more than 524288 blocks/, () => withChunks('soft-01.png', '\0\0\0\0juNK\0\0\0\0')],
    [
      'a WebP with a huge canvas',
      /16384×16384 pixels/,
      () => changedFixture('soft-lossy.webp', (bytes) => bytes.writeUIntLE(16_383, 24, 3) + bytes.writeUIntLE(16_383, 27, 3)),
    ],
    [
      'an animated PNG with a huge canvas',
      /100000×100000 pixels/,
      () => changedFixture('soft-01.png', (bytes) => bytes.writeUInt32BE(100_000, 16) + bytes.writeUInt32BE(100_000, 20)),
    ],
    [
      'a PNG with a huge header',
      /16000×16000 pixels; the limit for pictures is 178956970/,
      () =>
        changedFixture('rgb.png', (bytes) => {
          bytes.writeUInt32BE(16_000, 16)
          bytes.writeUInt32BE(16_000, 20)
          bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
        }),
    ],
    [
      'a WebP with a huge header',
      /12000×12000 pixels; the limit for a file of \d+ bytes is 67108864/,
      () => changedFixture('lossless.webp', (bytes) => bytes.writeUInt32LE((11_999 << 14) | 11_999, 21)),
    ],
  ])('%s', async (name, message, make) => {
    await writeFile(at(name), await make())
    await expect(openClip(at(name), signal)).rejects.toMatchObject({ code: 'no-frames', message: expect.stringMatching(message) })
  })
})

test('rejects a video of huge frames', async () => {
  await writeClip(at('huge.webm'), numberedPictures(2, 320, 300), { codec: 'libvpx', options: { deadline: 'realtime' } })
  const bytes = await readFile(at('huge.webm'))
  // Matroska's PixelWidth and PixelHeight, then those of VP8's keyframe header.
  for (const mark of ['b08201', 'ba8201']) bytes.writeUInt16BE(16_383, bytes.indexOf(Buffer.from(mark, 'hex')) + 2)
  bytes.writeUInt32LE((16_383 << 16) | 16_383, bytes.indexOf(Buffer.from('9d012a', 'hex')) + 3)
  await writeFile(at('huge.webm'), bytes)
  await expect(openClip(at('huge.webm'), signal)).rejects.toMatchObject({
    code: 'no-frames',
    message: expect.stringMatching(/16383×16383 pixels; the limit for frames is 67108864/),
  })
})

describe('animations', () => {
  test('a GIF of a single frame is an image', async () => {
    await writeFile(at('single.gif'), bareGif(16, 8, 1, 0))
    await using clip = await openClip(at('single.gif'), signal)
    expect(clip.info).toMatchObject({ kind: 'image', width: 16, height: 8, frameCount: 1, rate: 0, duration: 0, constantRate: true })
    expect(clip.plan({ kind: 'uniform', count: 16 })).toMatchObject({ indices: [0], times: [0], notices: [] })
  })

  test('an abort stops the drawing of a picture', async () => {
    await writeFile(at('large.gif'), bareGif(4096, 4096, 60, 2))
    await using clip = await openClip(at('large.gif'), signal)
    const controller = new AbortController()
    const reading = all(clip.frames(clip.plan({ kind: 'indices', indices: [59] }), controller.signal))
    setImmediate(() => controller.abort())
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  })

  test.each(['soft-lossy.webp', 'soft-01.png', 'GIF'])(
    'an unfinished download that ends in zeros has its complete pictures: %s',
    async (name) => {
      const bytes = name === 'GIF' ? bareGif(16, 16, 5, 0) : await changedFixture(name, () => {})
      await writeFile(at(`zeros-${name}`), Buffer.concat([bytes.subarray(0, bytes.length * 0.7), Buffer.alloc(2 ** 23)]))
      await using clip = await openClip(at(`zeros-${name}`), signal)
      expect(clip.info.frameCount).toBeGreaterThan(1)
      expect(clip.info.frameCount).toBeLessThan(6)
      expect((await all(clip.frames(clip.plan({ kind: 'uniform', count: 8 }), signal))).length).toBe(clip.info.frameCount)
    },
  )

  test.each(['soft-lossy.webp', 'soft-01.png'])('a truncated animation has its complete pictures: %s', async (name) => {
    const bytes = await changedFixture(name, () => {})
    await writeFile(at(`cut-${name}`), bytes.subarray(0, bytes.length * 0.7))
    await using clip = await openClip(at(`cut-${name}`), signal)
    expect(clip.info.frameCount).toBeGreaterThan(1)
    expect(clip.info.frameCount).toBeLessThan(5)
    expect(clip.info.notices).toEqual([`The file is truncated: it contains only ${clip.info.frameCount} pictures.`])
    expect((await all(clip.frames(clip.plan({ kind: 'uniform', count: 8 }), signal, expect.unreachable))).length).toBe(clip.info.frameCount)
  })

  test('a damaged picture gives a notice, and the others are read', async () => {
    const bytes = await changedFixture('opaque-lossless.webp', () => {})
    const second = bytes.indexOf('VP8L', bytes.indexOf('VP8L') + 4)
    await writeFile(at('damaged.webp'), bytes.fill(0x5a, second + 8, second + 40))
    const notices: string[] = []
    await using clip = await openClip(at('damaged.webp'), signal)
    const frames = await all(clip.frames(clip.plan({ kind: 'uniform', count: 5 }), signal, (text) => notices.push(text)))
    expect(frames.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(notices).toEqual(['Frame 1 is damaged: parts of it are missing.'])
  })

  test('an animation of one picture is a picture', async () => {
    const webp = await changedFixture('opaque-lossy.webp', () => {})
    const one = webp.subarray(0, webp.indexOf('ANMF', webp.indexOf('ANMF') + 4))
    one.writeUInt32LE(one.length - 8, 4)
    await writeFile(at('single.webp'), one)
    const png = await changedFixture('opaque-01.png', () => {})
    const second = png.indexOf('fcTL', png.indexOf('fcTL') + 4) - 4
    await writeFile(at('single.png'), Buffer.concat([png.subarray(0, second), png.subarray(-12)]))
    for (const name of ['single.webp', 'single.png']) {
      await using clip = await openClip(at(name), signal)
      expect(clip.info).toMatchObject({ kind: 'image', width: 31, height: 23, frameCount: 1 })
      expect((await all(clip.frames(clip.plan({ kind: 'middle', count: 1 }), signal, expect.unreachable))).length).toBe(1)
    }
  })
})

test('the content hash is that of the bytes', async () => {
  await using clip = await openClip(at('clip.mkv'), signal)
  expect(await clip.contentHash(signal)).toBe(
    createHash('sha256')
      .update(await readFile(at('clip.mkv')))
      .digest('hex'),
  )
})

describe('an abort', () => {
  test('stops opening, before and during it', async () => {
    const aborted = AbortSignal.abort()
    await expect(openClip(at('clip.mkv'), aborted)).rejects.toMatchObject({ name: 'AbortError' })
    const controller = new AbortController()
    const opening = openClip(at('clip.mkv'), controller.signal)
    controller.abort()
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('between frames ends the stream, and the clip can be read again', async () => {
    await using clip = await openClip(at('clip.mkv'), signal)
    const plan = clip.plan({ kind: 'uniform', count: 30 })
    const controller = new AbortController()
    const seen: number[] = []
    const reading = (async () => {
      for await (const frame of clip.frames(plan, controller.signal)) {
        seen.push(frame.index)
        if (seen.length === 3) controller.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).toEqual([0, 2, 4])
    for await (const frame of clip.frames(plan, signal)) {
      expect(frame.index).toBe(0)
      break
    }
    expect((await all(clip.frames(plan, signal))).length).toBe(30)
  })

  test('stops hashing', async () => {
    await using clip = await openClip(at('clip.mkv'), signal)
    await expect(clip.contentHash(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test('a closed clip rejects', async () => {
  const clip = await openClip(fileURLToPath(new URL('../../fixtures/media/420.mp4', import.meta.url)), signal)
  const plan = clip.plan({ kind: 'uniform', count: 1 })
  await clip.close()
  await clip.close()
  await expect(all(clip.frames(plan, signal))).rejects.toThrow('closed')
})
