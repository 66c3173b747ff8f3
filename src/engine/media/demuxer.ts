import { extname } from 'node:path'
import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_NONE,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_PKT_FLAG_CORRUPT,
  AVDISCARD_ALL,
  AVERROR_EOF,
  AVIO_FLAG_READ,
  AVMEDIA_TYPE_DATA,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants'
import { Codec, Dictionary, FFmpegError, FormatContext, IOContext, type IRational, Packet, type Stream } from 'node-av/lib'
import { TarsierError } from '../../shared/errors.ts'
import { bounded } from '../bounded.ts'
import { SELF_CONTAINED } from './containers.ts'
import './ffmpeg-log.ts'
import { areOnePicture, type Field, FieldPairs } from './h264-fields.ts'

/** Software video decoders: the only decoders that FFmpeg may use while probing. Hardware decoders would only search for devices. */
export const PICTURE_DECODERS = Codec.getCodecList()
  .filter((codec) => codec.type === AVMEDIA_TYPE_VIDEO && codec.isDecoder() && !/_(qsv|cuvid|amf|v4l2m2m)$/.test(codec.name ?? ''))
  .map(({ name }) => name)
  .join(',')

const TIMECODE = /^\d{2}:[0-5]\d:[0-5]\d[:;.,]\d{2,3}$/

/** An open container: reads and seeks packets of the best video stream. Each packet holds a whole frame. */
export class Demuxer implements AsyncDisposable {
  readonly format: FormatContext
  readonly stream: Stream
  readonly container: string
  /** Whether the last read ended with an error instead of the end of the file. */
  failed = false
  /** Number of packets so far that were joined from the packets of two fields. */
  joined = 0

  readonly #path: string
  readonly #io: IOContext
  /** Null if every packet holds a whole frame. */
  readonly #fields: FieldPairs | null
  /** Packet read ahead to check whether it is the second field of the previous one. */
  readonly #ahead = new Packet()
  #holdsAhead = false

  private constructor(path: string, format: FormatContext, io: IOContext, stream: Stream) {
    this.#path = path
    this.format = format
    this.#io = io
    this.stream = stream
    this.container = format.iformat?.name ?? 'unknown'
    this.#fields = stream.codecpar.codecId === AV_CODEC_ID_H264 ? FieldPairs.of(stream.codecpar.extradata) : null
    this.#ahead.alloc()
  }

  /** Throws `not-media` for files that FFmpeg does not recognize, `no-video` for media without a video stream. */
  static async open(path: string, signal: AbortSignal): Promise<Demuxer> {
    signal.throwIfAborted()
    const format = new FormatContext()
    const interrupt = () => format.interrupt()
    signal.addEventListener('abort', interrupt)
    const io = new IOContext()
    // FFmpeg reads this file through the I/O context opened here and may open no other file. It receives only the file's extension, which probing
    // may use. FFmpeg itself converts paths of more than 260 characters to `\\?\…` on Windows (libavutil/wchar_filename.h).
    using options = Dictionary.fromObject({
      protocol_whitelist: 'none',
      format_whitelist: SELF_CONTAINED,
      codec_whitelist: PICTURE_DECODERS,
    })
    try {
      const found = await bounded(`Opening ${path}`, () => io.open2(`file:${path}`, AVIO_FLAG_READ))
      if (found < 0) throw notMedia(path, found)
      format.allocContext()
      format.pb = io
      const name = `clip${extname(path).replace(/[^.\w]/g, '')}`
      const opened = await bounded(`Opening ${path}`, () => format.openInput(name, null, options))
      signal.throwIfAborted()
      if (opened < 0) throw notMedia(path, opened)
      for (const stream of format.streams) if (stream.codecpar.codecType !== AVMEDIA_TYPE_VIDEO) shut(stream)
      await bounded(`Opening ${path}`, () => format.findStreamInfo(null)) // on failure, streams have no size, which is checked later
      signal.throwIfAborted()
      const { streams } = format
      const stream = streams[format.findBestStream(AVMEDIA_TYPE_VIDEO)]
      if (!stream || stream.hasDisposition(AV_DISPOSITION_ATTACHED_PIC)) throw noVideo(path, streams.length)
      for (const other of streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL
      return new Demuxer(path, format, io, stream)
    } catch (error) {
      await format.closeInput().catch(() => {})
      await io.closep().catch(() => {})
      throw error
    } finally {
      signal.removeEventListener('abort', interrupt)
    }
  }

  /** Reads the next video packet; returns false at the end of the file or on a read error. Blocks, so call it in time slices. */
  readSync(packet: Packet): boolean {
    if (!this.#takeAhead(packet) && !this.#readOneSync(packet)) return false
    if (this.#isField(packet) && this.#readOneSync(this.#ahead)) this.#join(packet)
    return true
  }

  async read(packet: Packet): Promise<boolean> {
    if (!this.#takeAhead(packet) && !(await this.#readOne(packet))) return false
    if (this.#isField(packet) && (await this.#readOne(this.#ahead))) this.#join(packet)
    return true
  }

  #readOneSync(packet: Packet): boolean {
    for (;;) {
      packet.unref()
      const read = this.format.readFrameSync(packet)
      if (read < 0) return this.#ended(read)
      if (packet.streamIndex === this.stream.index && packet.size > 0) return true
    }
  }

  async #readOne(packet: Packet): Promise<boolean> {
    for (;;) {
      packet.unref()
      const read = await bounded(`Reading ${this.#path}`, () => this.format.readFrame(packet))
      if (read < 0) return this.#ended(read)
      if (packet.streamIndex === this.stream.index && packet.size > 0) return true
    }
  }

  /** Seeks to the last position from which, according to the container, the frame at `pts` (ticks) can be decoded. */
  async seek(pts: number): Promise<boolean> {
    this.#holdsAhead = false
    const sought = bounded(`Reading ${this.#path}`, () => this.format.seekFrame(this.stream.index, BigInt(pts), AVSEEK_FLAG_BACKWARD))
    return (await sought) >= 0
  }

  #takeAhead(packet: Packet): boolean {
    if (!this.#holdsAhead) return false
    this.#holdsAhead = false
    packet.unref()
    packet.ref(this.#ahead)
    this.#ahead.unref()
    return true
  }

  #isField(packet: Packet): boolean {
    return this.#fields !== null && fieldIn(this.#fields, packet) !== null
  }

  /** Appends the packet read ahead to `first` if they are two fields of a frame; otherwise keeps it for the next read. */
  #join(first: Packet): void {
    const one = this.#fields && fieldIn(this.#fields, first)
    const other = this.#fields && fieldIn(this.#fields, this.#ahead)
    this.#holdsAhead = !one || !other || !areOnePicture(one, other)
    if (this.#holdsAhead) return
    this.joined += 1
    const { pts, dts, duration, flags, streamIndex, pos } = first
    const end = this.#ahead.pts === AV_NOPTS_VALUE ? null : this.#ahead.pts + this.#ahead.duration
    // Assigning data resets all other properties of a packet.
    first.data = Buffer.concat([first, this.#ahead].map(({ data }) => data ?? Buffer.alloc(0)))
    Object.assign(first, { pts, dts, flags, streamIndex, pos, duration: end === null || pts === AV_NOPTS_VALUE ? duration : end - pts })
    if (this.#ahead.hasFlags(AV_PKT_FLAG_CORRUPT)) first.setFlags(AV_PKT_FLAG_CORRUPT)
    this.#ahead.unref()
  }

  #ended(code: number): false {
    this.failed = code !== AVERROR_EOF
    return false
  }

  /** Display matrix, which contains the rotation. */
  get displayMatrix(): Uint8Array | null {
    return this.stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX)
  }

  /** Width of a pixel of stored frames, divided by its height: what the container says, or else the codec, as in FFmpeg's players. 1/1 if neither does. */
  get aspect(): IRational {
    for (const { num, den } of [this.stream.sampleAspectRatio, this.stream.codecpar.sampleAspectRatio])
      if (num > 0 && den > 0) return { num, den }
    return { num: 1, den: 1 }
  }

  /**
   * Timecode of the first frame as the file states it, such as 01:00:00;00: of the video stream, which includes a QuickTime timecode track, the container
   * (MXF), or another stream. Null if it states none.
   */
  get startTimecode(): string | null {
    for (const { metadata } of [this.stream, this.format, ...this.format.streams]) {
      const timecode = metadata?.get('timecode')?.trim() ?? ''
      if (TIMECODE.test(timecode)) return timecode
    }
    return null
  }

  get secondsPerTick(): number {
    const { num, den } = this.stream.timeBase
    return den > 0 ? num / den : 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ahead.free()
    await this.format.closeInput()
    await this.#io.closep()
  }
}

function fieldIn(fields: FieldPairs, { data }: Packet): Field | null {
  return data && fields.field(data)
}

/** Presentation time of a packet in ticks, or null. */
export function packetPts(packet: Packet): number | null {
  return packet.pts === AV_NOPTS_VALUE ? null : Number(packet.pts)
}

/** Disables a stream of audio, subtitles or data: it is not needed, and one of the decoders that probing would run on it aborts the process. */
function shut(stream: Stream): void {
  stream.discard = AVDISCARD_ALL
  stream.codecpar.codecType = AVMEDIA_TYPE_DATA
  stream.codecpar.codecId = AV_CODEC_ID_NONE
}

function notMedia(path: string, code: number): TarsierError {
  return new TarsierError(
    'not-media',
    `${path} is not a readable video or picture (${FFmpegError.strerror(code)}). It may be damaged or incomplete.`,
  )
}

function noVideo(path: string, streams: number): TarsierError {
  return new TarsierError(
    'no-video',
    `${path} contains no video, only ${streams === 1 ? 'another stream' : 'other streams'} such as sound. Give a video or a picture.`,
  )
}
