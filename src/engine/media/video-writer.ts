import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  type FFEncoderCodec,
  SWS_BILINEAR,
} from 'node-av/constants'
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
import { writeFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'
import './ffmpeg-log.ts'
import type { RgbImage } from './types.ts'

export interface VideoFormat {
  /** Container and encoder, by FFmpeg's names. */
  readonly container: 'webm' | 'mp4'
  readonly encoder: 'libvpx' | 'libx264'
  readonly width: number
  readonly height: number
  /** Ticks per second of the frame times. */
  readonly ticks: number
  /** Every frame lasts one tick, and the file declares a constant rate. Defaults to false: frames may have any times. */
  readonly constantRate?: boolean
  /** Whether the file states its colour matrix and range, of which players guess the matrix by the size. Defaults to false. */
  readonly statesColours?: boolean
  /** Maximum number of frames between keyframes. */
  readonly gop: number
  /** Defaults to 0. */
  readonly bFrames?: number
  /** Encoder options, by FFmpeg's names. */
  readonly options: Readonly<Record<string, string>>
}

/** Sound that was encoded elsewhere. */
export interface EncodedSound {
  readonly encoder: CodecContext
  /** The packets in order, each valid until the next one is requested. */
  readonly packets: AsyncGenerator<Packet, void>
}

/** Encodes images into a video in yuv420p, beside sound. The file is complete once `finish` has returned. */
export class VideoWriter implements AsyncDisposable {
  readonly #container = new FormatContext()
  readonly #encoder = new CodecContext()
  readonly #scaler = new SoftwareScaleContext()
  readonly #packet = new Packet()
  readonly #path: string
  readonly #format: VideoFormat
  readonly #sound: EncodedSound | null
  #stream: Stream | null = null
  #soundStream: Stream | null = null
  /** Seconds of sound that are written. */
  #soundSeconds = Number.NEGATIVE_INFINITY

  constructor(path: string, format: VideoFormat, sound: EncodedSound | null = null) {
    this.#path = path
    this.#sound = sound
    this.#format = format
    this.#packet.alloc()
    this.#scaler.allocContext()
    this.#scaler.setOption('sws_flags', SWS_BILINEAR)
  }

  /** Writes an image of any size, scaled to the video's size, at time `tick`; ticks must ascend. */
  async write({ width, height, rgb }: RgbImage, tick: number): Promise<void> {
    const stream = this.#stream ?? (await this.#open())
    using source = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.length), { width, height, format: AV_PIX_FMT_RGB24 })
    using frame = new Frame()
    frame.alloc()
    frame.width = this.#format.width
    frame.height = this.#format.height
    frame.format = AV_PIX_FMT_YUV420P
    if (this.#format.statesColours) stateColours(frame)
    this.#check(frame.getBuffer())
    this.#check(await this.#scaler.scaleFrame(frame, source))
    frame.pts = BigInt(tick)
    this.#check(await this.#encoder.sendFrame(frame))
    await this.#drain(stream)
    await this.#writeSound(tick / this.#format.ticks)
  }

  async finish(): Promise<void> {
    if (!this.#stream) throw new TarsierError('internal', `The video ${this.#path} has no frames. Please report it.`)
    this.#check(await this.#encoder.sendFrame(null))
    await this.#drain(this.#stream)
    await this.#writeSound(Number.POSITIVE_INFINITY)
    this.#check(await this.#container.writeTrailer())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#packet.free()
    this.#scaler.freeContext()
    this.#encoder.freeContext()
    if (this.#stream) await this.#container.closeOutput()
  }

  async #open(): Promise<Stream> {
    const { container, encoder: name, width, height, ticks, gop } = this.#format
    this.#check(this.#container.allocOutputContext2(null, container, this.#path))
    const codec = Codec.findEncoderByName(name as FFEncoderCodec)
    if (!codec) {
      throw new TarsierError(
        'native-library',
        `The FFmpeg encoder ${name} is missing, so videos cannot be created. Install Tarsier again.`,
        {
          remedy: 'install-again',
        },
      )
    }
    const encoder = this.#encoder
    encoder.allocContext3(codec)
    encoder.width = width
    encoder.height = height
    encoder.timeBase = new Rational(1, ticks)
    if (this.#format.constantRate) encoder.framerate = new Rational(ticks, 1)
    encoder.pixelFormat = AV_PIX_FMT_YUV420P
    if (this.#format.statesColours) stateColours(encoder)
    encoder.gopSize = gop
    encoder.maxBFrames = this.#format.bFrames ?? 0
    // The same input gives the same bytes on every machine.
    encoder.threadCount = 1
    encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
    using options = Dictionary.fromObject(this.#format.options)
    this.#check(await encoder.open2(codec, options))
    const stream = this.#container.newStream(null)
    this.#check(encoder.parametersFromContext(stream.codecpar))
    stream.timeBase = encoder.timeBase
    if (this.#format.constantRate) stream.avgFrameRate = encoder.framerate
    if (this.#sound) {
      const { encoder: soundEncoder } = this.#sound
      this.#soundStream = this.#container.newStream(null)
      this.#check(soundEncoder.parametersFromContext(this.#soundStream.codecpar))
      this.#soundStream.timeBase = soundEncoder.timeBase
    }
    this.#check(await this.#container.openOutput())
    this.#stream = stream
    this.#check(await this.#container.writeHeader())
    return stream
  }

  async #drain(stream: Stream): Promise<void> {
    for (;;) {
      if ((await this.#encoder.receivePacket(this.#packet)) < 0) return
      this.#packet.streamIndex = stream.index
      if (this.#format.constantRate && this.#packet.duration <= 0n) this.#packet.duration = 1n
      this.#packet.rescaleTs(this.#encoder.timeBase, stream.timeBase)
      this.#check(await this.#container.interleavedWriteFrame(this.#packet))
      this.#packet.unref()
    }
  }

  /** Writes the sound up to a time, so that both streams are written alternately. */
  async #writeSound(until: number): Promise<void> {
    while (this.#sound && this.#soundStream && this.#soundSeconds < until) {
      const { encoder, packets } = this.#sound
      const next = await packets.next()
      if (next.done) return
      const packet = next.value
      this.#soundSeconds = Number(packet.pts) / encoder.sampleRate
      packet.streamIndex = this.#soundStream.index
      packet.rescaleTs(encoder.timeBase, this.#soundStream.timeBase)
      this.#check(await this.#container.interleavedWriteFrame(packet))
    }
  }

  /** Throws for FFmpeg's negative error codes, including a full disk. */
  #check(result: number): void {
    if (result >= 0) return
    const cause = new FFmpegError(result)
    const full = /no space|quota|file too large/i.test(cause.message)
    throw writeFailure(`The video ${this.#path} could not be written`, cause, { full })
  }
}

/** What FFmpeg converts RGB to by default. */
function stateColours(target: Pick<Frame, 'colorSpace' | 'colorRange'>): void {
  target.colorSpace = AVCOL_SPC_SMPTE170M
  target.colorRange = AVCOL_RANGE_MPEG
}
