import { AV_CODEC_FLAG_GLOBAL_HEADER, AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV420P, type FFEncoderCodec, SWS_BILINEAR } from 'node-av/constants'
import {
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SoftwareScaleContext,
  type Stream,
} from 'node-av/lib'
import sharp from 'sharp'
import { TarsierError } from '../../shared/errors.ts'
import { openClip } from './open-clip.ts'
import type { Clip, RgbImage } from './types.ts'

/** Longer side of a preview, in pixels. */
const LONGER_SIDE = 1280
/** VP8: every Chromium plays it, those without licensed codecs too, and it is encoded faster than it plays. */
const ENCODER = 'libvpx' as FFEncoderCodec
const ENCODER_OPTIONS = { deadline: 'realtime', 'cpu-used': '8', crf: '12', b: '4M', 'auto-alt-ref': '0' }
/** Ticks a second of the preview's times. */
const TICKS = 1000
const KEYFRAME_EVERY = 15

/**
 * Writes a form of a clip that browsers show, upright: WebM without sound for films and animations, with every frame at its own time; JPEG
 * for pictures. The file is complete when this returns, and not to be used before. `onProgress` gets values from 0 to 1.
 */
export async function writePreview(path: string, target: string, signal: AbortSignal, onProgress: (value: number) => void): Promise<void> {
  await using clip = await openClip(path, signal)
  if (clip.info.kind === 'image') await writePicture(clip, target, signal)
  else await writeFilm(clip, target, signal, onProgress)
  onProgress(1)
}

async function writePicture(clip: Clip, target: string, signal: AbortSignal): Promise<void> {
  for await (const { width, height, rgb } of clip.frames(clip.plan({ kind: 'indices', indices: [0] }), signal)) {
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize(LONGER_SIDE * 2, LONGER_SIDE * 2, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 92 })
      .toFile(target)
  }
}

async function writeFilm(clip: Clip, target: string, signal: AbortSignal, onProgress: (value: number) => void): Promise<void> {
  const { frameCount, width, height } = clip.info
  const scale = Math.min(1, LONGER_SIDE / Math.max(width, height))
  const even = (side: number) => Math.max(2, Math.round((side * scale) / 2) * 2)
  await using writer = new WebmWriter(target, even(width), even(height))
  const plan = clip.plan({ kind: 'indices', indices: Array.from({ length: frameCount }, (_, i) => i) })
  let done = 0
  for await (const frame of clip.frames(plan, signal)) {
    signal.throwIfAborted()
    await writer.write(frame, frame.time)
    done += 1
    onProgress(done / frameCount)
  }
  await writer.finish()
}

class WebmWriter implements AsyncDisposable {
  readonly #format = new FormatContext()
  readonly #encoder = new CodecContext()
  readonly #scaler = new SoftwareScaleContext()
  readonly #packet = new Packet()
  readonly #path: string
  readonly #width: number
  readonly #height: number
  #stream: Stream | null = null
  #last = -1

  constructor(path: string, width: number, height: number) {
    this.#path = path
    this.#width = width
    this.#height = height
    this.#packet.alloc()
    this.#scaler.allocContext()
    this.#scaler.setOption('sws_flags', SWS_BILINEAR)
  }

  async write({ width, height, rgb }: RgbImage, time: number): Promise<void> {
    const stream = this.#stream ?? (await this.#open())
    using source = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.length), { width, height, format: AV_PIX_FMT_RGB24 })
    using frame = new Frame()
    frame.alloc()
    frame.width = this.#width
    frame.height = this.#height
    frame.format = AV_PIX_FMT_YUV420P
    check(frame.getBuffer(), this.#path)
    check(await this.#scaler.scaleFrame(frame, source), this.#path)
    // Times have to ascend; two frames of one time are a tick apart.
    this.#last = Math.max(this.#last + 1, Math.round(time * TICKS))
    frame.pts = BigInt(this.#last)
    check(await this.#encoder.sendFrame(frame), this.#path)
    await this.#drain(stream)
  }

  async finish(): Promise<void> {
    check(await this.#encoder.sendFrame(null), this.#path)
    if (this.#stream) await this.#drain(this.#stream)
    check(await this.#format.writeTrailer(), this.#path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#packet.free()
    this.#scaler.freeContext()
    this.#encoder.freeContext()
    if (this.#stream) await this.#format.closeOutput()
  }

  async #open(): Promise<Stream> {
    check(this.#format.allocOutputContext2(null, 'webm', this.#path), this.#path)
    const codec = Codec.findEncoderByName(ENCODER)
    if (!codec)
      throw new TarsierError('native-library', 'FFmpeg came without the VP8 encoder, so no preview can be made. Run "npm install" again.')
    this.#encoder.allocContext3(codec)
    this.#encoder.width = this.#width
    this.#encoder.height = this.#height
    this.#encoder.timeBase = new Rational(1, TICKS)
    this.#encoder.pixelFormat = AV_PIX_FMT_YUV420P
    this.#encoder.gopSize = KEYFRAME_EVERY
    this.#encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
    using options = Dictionary.fromObject(ENCODER_OPTIONS)
    check(await this.#encoder.open2(codec, options), this.#path)
    const stream = this.#format.newStream(null)
    check(this.#encoder.parametersFromContext(stream.codecpar), this.#path)
    stream.timeBase = this.#encoder.timeBase
    check(await this.#format.openOutput(), this.#path)
    this.#stream = stream
    check(await this.#format.writeHeader(), this.#path)
    return stream
  }

  async #drain(stream: Stream): Promise<void> {
    for (;;) {
      const got = await this.#encoder.receivePacket(this.#packet)
      if (got < 0) return
      this.#packet.streamIndex = stream.index
      this.#packet.rescaleTs(this.#encoder.timeBase, stream.timeBase)
      check(await this.#format.interleavedWriteFrame(this.#packet), this.#path)
      this.#packet.unref()
    }
  }
}

/** FFmpeg's negative numbers as errors; a full disk is one of them. */
function check(result: number, path: string): void {
  if (result >= 0) return
  const cause = new FFmpegError(result)
  const full = /space/i.test(cause.message)
  throw new TarsierError(
    full ? 'disk-full' : 'write-failed',
    full
      ? `The preview could not be written: the disk is full. Make room and try again.`
      : `The preview ${path} could not be written: ${cause.message}.`,
    { cause },
  )
}
