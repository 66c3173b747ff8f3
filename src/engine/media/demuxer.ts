import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVDISCARD_ALL,
  AVERROR_EOF,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants'
import { Dictionary, FFmpegError, FormatContext, type Packet, type Stream } from 'node-av/lib'
import { TarsierError } from '../../shared/errors.ts'
import './ffmpeg-log.ts'

/**
 * Formats FFmpeg "opens" which are no media file: text as pictures, lists that name other files, descriptions of sessions.
 */
const NO_MEDIA = new Set([
  'tty',
  'hls',
  'dash',
  'concat',
  'sdp',
  'rtsp',
  'rtp',
  'imf',
  'webm_dash_manifest',
  'ffmetadata',
  'lavfi',
  'vapoursynth',
])

/** A container opened for its pictures: packets of the best video stream, and where to read on. */
export class Demuxer implements AsyncDisposable {
  readonly format: FormatContext
  readonly stream: Stream
  readonly container: string
  /** Whether reading last ended with an error and not with the end of the file. */
  failed = false

  private constructor(format: FormatContext, stream: Stream) {
    this.format = format
    this.stream = stream
    this.container = format.iformat?.name ?? 'unknown'
  }

  /** Throws `not-media` for what FFmpeg does not know, `no-video` for media without moving pictures. */
  static async open(path: string): Promise<Demuxer> {
    const format = new FormatContext()
    // Only this file: a list that names others, or the network, finds nothing. "%" in a name is part of the name.
    using options = Dictionary.fromObject({ protocol_whitelist: 'file', pattern_type: 'none' })
    try {
      const opened = await format.openInput(`file:${path}`, null, options)
      if (opened < 0) throw notMedia(path, opened)
      if (NO_MEDIA.has(format.iformat?.name ?? '')) throw notMedia(path, null)
      await format.findStreamInfo(null) // a failure leaves streams without a size, seen below
      const { streams } = format
      const stream = streams[format.findBestStream(AVMEDIA_TYPE_VIDEO)]
      if (!stream || stream.hasDisposition(AV_DISPOSITION_ATTACHED_PIC)) throw noVideo(path, streams.length)
      for (const other of streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL
      return new Demuxer(format, stream)
    } catch (error) {
      await format.closeInput().catch(() => {})
      throw error
    }
  }

  /** The next packet of the video; false at the end. What the container cannot read is an end, too. Blocks; call it in slices. */
  readSync(packet: Packet): boolean {
    for (;;) {
      packet.unref()
      const read = this.format.readFrameSync(packet)
      if (read < 0) return this.#ended(read)
      if (packet.streamIndex === this.stream.index && packet.size > 0) return true
    }
  }

  async read(packet: Packet): Promise<boolean> {
    for (;;) {
      packet.unref()
      const read = await this.format.readFrame(packet)
      if (read < 0) return this.#ended(read)
      if (packet.streamIndex === this.stream.index && packet.size > 0) return true
    }
  }

  /** Goes to the last place from which the frame at `pts` (ticks) can be decoded, by the container's reckoning. */
  async seek(pts: number): Promise<boolean> {
    return (await this.format.seekFrame(this.stream.index, BigInt(pts), AVSEEK_FLAG_BACKWARD)) >= 0
  }

  #ended(code: number): false {
    this.failed = code !== AVERROR_EOF
    return false
  }

  /** The display matrix that says how to turn the picture. */
  get displayMatrix(): Uint8Array | null {
    return this.stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX)
  }

  get secondsPerTick(): number {
    const { num, den } = this.stream.timeBase
    return den > 0 ? num / den : 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.format.closeInput()
  }
}

/** Presentation time of a packet in ticks, or null. */
export function packetPts(packet: Packet): number | null {
  return packet.pts === AV_NOPTS_VALUE ? null : Number(packet.pts)
}

function notMedia(path: string, code: number | null): TarsierError {
  const why = code === null ? '' : ` (${FFmpegError.strerror(code)})`
  return new TarsierError(
    'not-media',
    `${path} is neither a video nor a picture that can be read${why}. If it should be one, it is damaged or not complete.`,
  )
}

function noVideo(path: string, streams: number): TarsierError {
  return new TarsierError(
    'no-video',
    `${path} holds no video, only ${streams === 1 ? 'another stream' : 'other streams'} such as sound. Give a video or a picture.`,
  )
}
