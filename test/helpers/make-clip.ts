import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_RGB24,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVFMT_GLOBALHEADER,
  type FFEncoderCodec,
  SWS_BILINEAR,
} from 'node-av/constants'
import {
  avGetPixFmtFromName,
  Codec,
  CodecContext,
  Dictionary,
  FFmpegError,
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareScaleContext,
  type Stream,
} from 'node-av/lib'

// Otherwise encoders print their settings on stderr.
Log.setLevel(AV_LOG_ERROR)

/** 8-bit RGB without padding, like the engine's frames. */
interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

export interface ClipOptions {
  /** FFmpeg's name of the encoder. Defaults to `libx264`. */
  readonly codec?: string
  /** Frames per second, as a fraction. Defaults to 25/1. */
  readonly rate?: readonly [number, number]
  /** Frames from keyframe to keyframe. Defaults to 12. */
  readonly gop?: number
  /** Defaults to 0. */
  readonly bFrames?: number
  /** Defaults to `yuv420p`. */
  readonly pixelFormat?: string
  /** Clockwise degrees by which a player has to turn the pictures. */
  readonly rotation?: 0 | 90 | 180 | 270
  /** FFmpeg's display matrix, as `x' = a x + c y, y' = b x + d y`; replaces `rotation`. */
  readonly matrix?: readonly [a: number, b: number, c: number, d: number]
  /** Encoder options, such as `crf`. */
  readonly options?: Readonly<Record<string, string>>
  /** Name of the container, if the path's ending does not tell it. */
  readonly container?: string
  readonly containerOptions?: Readonly<Record<string, string>>
  /** Presentation time of each frame in units of 1/rate; its number by default. Must increase. */
  readonly timeOf?: (index: number) => number
  /** FFmpeg's numbers, written into the stream. */
  readonly colourSpace?: number
  readonly colourRange?: number
  readonly transfer?: number
  readonly primaries?: number
  /** Writes one file piece by piece; `writeClip` and tests of other streams use it. */
  readonly beforeHeader?: (format: FormatContext) => void
}

/** Encodes pictures of one size into a file, with FFmpeg's own encoders. Returns their number. */
export async function writeClip(
  path: string,
  pictures: AsyncIterable<Picture> | Iterable<Picture>,
  options: ClipOptions = {},
): Promise<number> {
  await using writer = new ClipWriter(path, options)
  let count = 0
  for await (const picture of pictures) {
    await writer.write(picture, count)
    count += 1
  }
  if (count === 0) throw new Error('a clip needs a frame')
  await writer.finish()
  return count
}

class ClipWriter implements AsyncDisposable {
  readonly #path: string
  readonly #options: ClipOptions
  readonly #format = new FormatContext()
  readonly #encoder = new CodecContext()
  readonly #scaler = new SoftwareScaleContext()
  readonly #packet = new Packet()
  #stream: Stream | null = null

  constructor(path: string, options: ClipOptions) {
    this.#path = path
    this.#options = options
    this.#packet.alloc()
    this.#scaler.allocContext()
    this.#scaler.setOption('sws_flags', SWS_BILINEAR)
  }

  async write({ width, height, rgb }: Picture, index: number): Promise<void> {
    if (!this.#stream) await this.#open(width, height)
    using source = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.length), { width, height, format: AV_PIX_FMT_RGB24 })
    using frame = new Frame()
    frame.alloc()
    frame.width = width
    frame.height = height
    frame.format = this.#encoder.pixelFormat
    frame.colorSpace = this.#encoder.colorSpace
    frame.colorRange = this.#encoder.colorRange
    check(frame.getBuffer(), 'a frame')
    check(await this.#scaler.scaleFrame(frame, source), 'conversion')
    frame.pts = BigInt(this.#options.timeOf?.(index) ?? index)
    check(await this.#encoder.sendFrame(frame), 'encoding')
    await this.#drain()
  }

  async finish(): Promise<void> {
    check(await this.#encoder.sendFrame(null), 'encoding')
    await this.#drain()
    check(await this.#format.writeTrailer(), 'the end of the file')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#packet.free()
    this.#scaler.freeContext()
    this.#encoder.freeContext()
    if (this.#stream) await this.#format.closeOutput()
  }

  async #open(width: number, height: number): Promise<void> {
    const { codec: name = 'libx264', rate = [25, 1], gop = 12, bFrames = 0, pixelFormat = 'yuv420p', rotation = 0 } = this.#options
    check(this.#format.allocOutputContext2(null, this.#options.container ?? null, this.#path), 'the container')
    const codec = Codec.findEncoderByName(name as FFEncoderCodec)
    if (!codec) throw new Error(`there is no encoder ${name}`)
    this.#encoder.allocContext3(codec)
    this.#encoder.width = width
    this.#encoder.height = height
    this.#encoder.timeBase = new Rational(rate[1], rate[0])
    this.#encoder.framerate = new Rational(rate[0], rate[1])
    this.#encoder.pixelFormat = avGetPixFmtFromName(pixelFormat)
    this.#encoder.gopSize = gop
    this.#encoder.maxBFrames = bFrames
    this.#encoder.threadCount = 1
    if (this.#options.colourSpace !== undefined) this.#encoder.colorSpace = this.#options.colourSpace as CodecContext['colorSpace']
    if (this.#options.colourRange !== undefined) this.#encoder.colorRange = this.#options.colourRange as CodecContext['colorRange']
    if (this.#options.primaries !== undefined) this.#encoder.colorPrimaries = this.#options.primaries as CodecContext['colorPrimaries']
    if (this.#options.transfer !== undefined) this.#encoder.colorTrc = this.#options.transfer as CodecContext['colorTrc']
    if (this.#format.oformat && (this.#format.oformat.flags & AVFMT_GLOBALHEADER) !== 0) this.#encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
    using encoderOptions = Dictionary.fromObject(this.#options.options ?? {})
    check(await this.#encoder.open2(codec, encoderOptions), `the encoder ${name}`)
    const stream = this.#format.newStream(null)
    check(this.#encoder.parametersFromContext(stream.codecpar), 'the stream')
    stream.timeBase = this.#encoder.timeBase
    stream.avgFrameRate = this.#encoder.framerate
    const matrix = this.#options.matrix ?? TURNS[rotation]
    if (matrix) stream.codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, displayMatrix(matrix))
    this.#options.beforeHeader?.(this.#format)
    check(await this.#format.openOutput(), this.#path)
    this.#stream = stream
    using containerOptions = Dictionary.fromObject(this.#options.containerOptions ?? {})
    check(await this.#format.writeHeader(containerOptions), 'the header')
  }

  async #drain(): Promise<void> {
    const stream = this.#stream as Stream
    while ((await this.#encoder.receivePacket(this.#packet)) >= 0) {
      this.#packet.streamIndex = stream.index
      if (this.#packet.duration <= 0n) this.#packet.duration = 1n
      this.#packet.rescaleTs(this.#encoder.timeBase, stream.timeBase)
      check(await this.#format.interleavedWriteFrame(this.#packet), 'writing')
    }
  }
}

/** Clockwise turns as display matrices; none for 0. */
const TURNS = { 0: null, 90: [0, 1, -1, 0], 180: [-1, 0, 0, -1], 270: [0, -1, 1, 0] } as const

/** FFmpeg's matrix of fixed-point numbers. */
function displayMatrix([a, b, c, d]: readonly [number, number, number, number]): Buffer {
  const matrix = Buffer.alloc(36)
  for (const [at, value] of [a, b, 0, c, d, 0, 0, 0, 16384].entries()) matrix.writeInt32LE(value * 65536, at * 4)
  return matrix
}

function check(code: number, what: string): void {
  if (code < 0) throw new Error(`${what} failed: ${FFmpegError.strerror(code)}`)
}
