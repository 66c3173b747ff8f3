import { spawn, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { AVERROR_EAGAIN } from 'node-av/constants'
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib'
import { Demuxer } from '../../src/engine/media/demuxer.ts'
import { RgbConverter } from '../../src/engine/media/rgb-converter.ts'
import type { RgbImage } from '../../src/engine/media/types.ts'
import { HEIGHT, RATE, WIDTH } from './clips.ts'

/** Another implementation that returns frames as 8-bit RGB. */
export interface MediaPeer {
  readonly name: string
  /** Seeks to each frame. */
  seek(path: string, indices: readonly number[]): Promise<RgbImage[]>
  /** Decodes every frame from the start, and keeps the selected ones. */
  through(path: string, indices: readonly number[]): Promise<RgbImage[]>
}

/** Returns the FFmpeg program from FFMPEG_PATH, ffmpeg-static or the PATH, or else a plain use of FFmpeg's libraries in this process. */
export function findMediaPeer(): MediaPeer {
  const program = [process.env.FFMPEG_PATH, ffmpegStatic(), 'ffmpeg'].find(
    (path) => path !== undefined && path !== '' && spawnSync(path, ['-version']).status === 0,
  )
  return program === undefined ? libraries : new Program(program)
}

function ffmpegStatic(): string | undefined {
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static')
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined // optional; its download may have failed
  }
}

class Program implements MediaPeer {
  readonly name: string
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    const version = /^ffmpeg version (\S+)/.exec(spawnSync(path, ['-version'], { encoding: 'utf8' }).stdout)?.[1]
    this.name = `the program ffmpeg ${version ?? ''}`.trim()
  }

  async seek(path: string, indices: readonly number[]): Promise<RgbImage[]> {
    const images: RgbImage[] = []
    for (const index of indices) {
      // Half a frame early, since FFmpeg takes the first frame at or after the time.
      const time = Math.max(0, (index - 0.5) / RATE)
      images.push(...(await this.#run(['-ss', time.toFixed(4), '-i', path, '-frames:v', '1'])))
    }
    return images
  }

  through(path: string, indices: readonly number[]): Promise<RgbImage[]> {
    const wanted = indices.map((index) => `eq(n\\,${index})`).join('+')
    return this.#run(['-i', path, '-vf', `select=${wanted}`, '-fps_mode', 'passthrough', '-frames:v', String(indices.length)])
  }

  async #run(options: readonly string[]): Promise<RgbImage[]> {
    const child = spawn(this.#path, ['-v', 'error', '-nostdin', ...options, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    if (code !== 0) throw new Error(`${this.name} ended with code ${code}`)
    const bytes = Buffer.concat(pieces)
    const size = WIDTH * HEIGHT * 3
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => ({
      width: WIDTH,
      height: HEIGHT,
      rgb: bytes.subarray(i * size, (i + 1) * size),
    }))
  }
}

const libraries: MediaPeer = {
  name: "FFmpeg's libraries in this process (no ffmpeg program was found)",
  seek: (path, indices) => readDirectly(path, indices, true),
  through: (path, indices) => readDirectly(path, indices, false),
}

/** Reads frames in the straightforward way: seeks to the keyframe before the time and decodes up to it, or decodes everything. */
async function readDirectly(path: string, indices: readonly number[], seeks: boolean): Promise<RgbImage[]> {
  await using demuxer = await Demuxer.open(path, new AbortController().signal)
  using converter = new RgbConverter(WIDTH, HEIGHT)
  const { stream } = demuxer
  const codec = Codec.findDecoder(stream.codecpar.codecId)
  if (!codec) throw new Error('there is no decoder')
  const decoder = new CodecContext()
  const packet = new Packet()
  const frame = new Frame()
  packet.alloc()
  frame.alloc()
  try {
    decoder.allocContext3(codec)
    decoder.parametersToContext(stream.codecpar)
    decoder.pktTimebase = stream.timeBase
    decoder.threadCount = 0
    await decoder.open2(codec, null)
    const start = stream.startTime > 0n ? Number(stream.startTime) * demuxer.secondsPerTick : 0
    const images: RgbImage[] = []
    for (const index of indices) {
      const time = start + (index - 0.5) / RATE
      if (seeks) {
        await demuxer.seek(Math.max(0, Math.round((start + index / RATE) / demuxer.secondsPerTick)))
        decoder.flushBuffers()
      }
      while (!(await nextFrame(demuxer, decoder, packet, frame)) || Number(frame.pts) * demuxer.secondsPerTick < time) frame.unref()
      const image = await converter.convert(frame)
      if (image) images.push(image)
      frame.unref()
    }
    return images
  } finally {
    frame.free()
    packet.free()
    decoder.freeContext()
  }
}

/** Receives a frame if there is one, or else sends another packet. Throws at the end of the file. */
async function nextFrame(demuxer: Demuxer, decoder: CodecContext, packet: Packet, frame: Frame): Promise<boolean> {
  const received = await decoder.receiveFrame(frame)
  if (received >= 0) return true
  if (received !== AVERROR_EAGAIN) throw new Error(`the decoder ended early (${received})`)
  await decoder.sendPacket((await demuxer.read(packet)) ? packet : null)
  return false
}
