import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FFmpegError, FormatContext, Packet } from 'node-av/lib'
import { Demuxer } from '../../src/engine/media/demuxer.ts'
import { writeClip } from '../../test/helpers/make-clip.ts'

export const WIDTH = 1280
export const HEIGHT = 720
/** Frames per second. */
export const RATE = 25
export const GOP = 250
/** Number of encoded frames; longer clips repeat them. A multiple of GOP. */
const ENCODED = 1000

/** Number of frames of each clip length, all multiples of GOP. */
export const clipLengths: Readonly<Record<string, number>> = { '30s': 30 * RATE, '10m': 600 * RATE, '2h': 7200 * RATE }
export const containers = ['mp4', 'mkv'] as const

/**
 * Returns an H.264 clip at 1280×720, generated once and cached. The packets of one encoded part are written repeatedly, with increasing timestamps.
 */
export async function benchClip(cache: string, length: string, container: (typeof containers)[number]): Promise<string> {
  const frames = clipLengths[length]
  if (frames === undefined) throw new RangeError(`no clips of length ${length}; there are ${Object.keys(clipLengths).join(', ')}`)
  return await cached(cache, `${length}.${container}`, async (temporaryPath) => {
    const source = await cached(cache, 'encoded.mp4', encode)
    await repeat(source, temporaryPath, frames)
  })
}

/** Returns a clip of eight seconds whose frames have exactly Tarsier2's largest size, 588 tokens. */
export async function wideClip(cache: string): Promise<string> {
  return await cached(cache, 'wide.mp4', async (path) => {
    await writeClip(path, shifted(), { rate: [8, 1] })
  })
}

/** Yields gradients that move. */
function* shifted(): Generator<{ width: number; height: number; rgb: Uint8Array }> {
  const [width, height] = [1024, 768]
  for (let index = 0; index < 64; index++) {
    const rgb = new Uint8Array(width * height * 3)
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        rgb[at++] = x + 8 * index
        rgb[at++] = y + index
        rgb[at++] = (x * y) >> 6
      }
    }
    yield { width, height, rgb }
  }
}

/** Generates a file under a temporary name, so that an incomplete file of an interrupted run is never used. */
async function cached(cache: string, name: string, make: (temporaryPath: string) => Promise<void>): Promise<string> {
  const folder = join(cache, 'clips')
  const path = join(folder, name)
  if (existsSync(path)) return path
  await mkdir(folder, { recursive: true })
  const temporaryPath = join(folder, `part-${process.pid}-${name}`)
  try {
    await make(temporaryPath)
    await rename(temporaryPath, path)
  } finally {
    await rm(temporaryPath, { force: true })
  }
  return path
}

async function encode(path: string): Promise<void> {
  await writeClip(path, pictures(), {
    rate: [RATE, 1],
    gop: GOP,
    bFrames: 3,
    options: { preset: 'veryfast', crf: '27', 'x264-params': `keyint=${GOP}:min-keyint=${GOP}:scenecut=0` },
  })
}

/** Yields a soft pattern over which the camera pans, and a square that crosses it. */
function* pictures(): Generator<{ width: number; height: number; rgb: Uint8Array }> {
  const shift = 256
  const wide = WIDTH + shift
  const pattern = Buffer.alloc(wide * HEIGHT * 3)
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < wide; x++) {
      const at = (y * wide + x) * 3
      pattern[at] = 128 + 60 * Math.sin(x / 37) + 50 * Math.sin(y / 23)
      pattern[at + 1] = 128 + 90 * Math.sin((x + y) / 61) + 4 * randomInt(4)
      pattern[at + 2] = 128 + 100 * Math.cos((x - 2 * y) / 89)
    }
  }
  const side = 120
  const row = Buffer.alloc(side * 3, 240)
  for (let index = 0; index < ENCODED; index++) {
    const rgb = Buffer.alloc(WIDTH * HEIGHT * 3)
    const pan = Math.round((shift / 2) * (1 + Math.sin((2 * Math.PI * index) / ENCODED)))
    for (let y = 0; y < HEIGHT; y++) pattern.copy(rgb, y * WIDTH * 3, (y * wide + pan) * 3, (y * wide + pan + WIDTH) * 3)
    const left = Math.floor(((WIDTH - side) * index) / ENCODED)
    for (let y = 0; y < side; y++) row.copy(rgb, ((y + 300) * WIDTH + left) * 3)
    yield { width: WIDTH, height: HEIGHT, rgb }
  }
}

async function repeat(source: string, path: string, frames: number): Promise<void> {
  await using input = await Demuxer.open(source, new AbortController().signal)
  const packets: Packet[] = []
  const output = new FormatContext()
  try {
    const reading = new Packet()
    reading.alloc()
    while (await input.read(reading)) packets.push(copyOf(reading))
    reading.free()
    check(output.allocOutputContext2(null, null, path), path)
    const stream = output.newStream(null)
    check(input.stream.codecpar.copy(stream.codecpar), 'the stream')
    // The container determines the tag.
    stream.codecpar.codecTag = 0
    stream.timeBase = input.stream.timeBase
    stream.avgFrameRate = input.stream.avgFrameRate
    check(await output.openOutput(), path)
    check(await output.writeHeader(null), 'the header')
    const { num, den } = input.stream.timeBase
    const ticks = den / num / RATE
    for (let written = 0; written < frames; written++) {
      const from = packets[written % packets.length]
      if (!from) throw new Error('the encoded part is empty')
      using packet = copyOf(from)
      const later = BigInt(Math.round((written - (written % packets.length)) * ticks))
      packet.pts += later
      packet.dts += later
      packet.streamIndex = stream.index
      packet.rescaleTs(input.stream.timeBase, stream.timeBase)
      check(output.interleavedWriteFrameSync(packet), 'writing')
    }
    check(await output.writeTrailer(), 'the end of the file')
  } finally {
    for (const packet of packets) packet.free()
    await output.closeOutput()
  }
}

function copyOf(packet: Packet): Packet {
  const copy = packet.clone()
  if (!copy) throw new Error('there is no memory for a packet')
  return copy
}

function check(code: number, what: string): void {
  if (code < 0) throw new Error(`${what} failed: ${FFmpegError.strerror(code)}`)
}
