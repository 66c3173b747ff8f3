import { AVFMT_GLOBALHEADER } from 'node-av/constants'
import { type CodecContext, Dictionary, FFmpegError, FormatContext, type IRational, type Packet, type Stream } from 'node-av/lib'
import { writeFailure } from '../../../platform/file-failure.ts'
import '../ffmpeg-log.ts'

/** Container of a piece, by FFmpeg's name. */
export type PieceContainer = 'mp4' | 'matroska' | 'webm'

export const pieceExtensions = { mp4: 'mp4', matroska: 'mkv', webm: 'webm' } as const satisfies Record<PieceContainer, string>

/** FFmpeg's options of a container: the index of an MP4 file at its start, so that it plays while it loads. */
export function containerOptions(container: PieceContainer): Readonly<Record<string, string>> {
  return container === 'mp4' ? { movflags: '+faststart' } : {}
}

/** Writes packets into a media file. The file is complete once `finish` has returned. */
export class PieceFile implements AsyncDisposable {
  readonly #format = new FormatContext()
  readonly #path: string
  readonly #container: PieceContainer
  #open = false

  constructor(path: string, container: PieceContainer) {
    this.#path = path
    this.#container = container
    this.check(this.#format.allocOutputContext2(null, container, `file:${path}`))
  }

  /** Whether encoders must put their headers into the stream's parameters. */
  get wantsGlobalHeader(): boolean {
    return ((this.#format.oformat?.flags ?? 0) & AVFMT_GLOBALHEADER) !== 0
  }

  /** Adds a stream with the packets of another file. */
  copied({ codecpar, timeBase, avgFrameRate, sampleAspectRatio }: Stream, keepTag: boolean): Stream {
    const stream = this.#format.newStream(null)
    this.check(codecpar.copy(stream.codecpar))
    if (!keepTag) stream.codecpar.codecTag = 0
    stream.timeBase = timeBase
    stream.avgFrameRate = avgFrameRate
    stream.sampleAspectRatio = sampleAspectRatio
    return stream
  }

  encoded(encoder: CodecContext): Stream {
    const stream = this.#format.newStream(null)
    this.check(encoder.parametersFromContext(stream.codecpar))
    stream.timeBase = encoder.timeBase
    stream.sampleAspectRatio = encoder.sampleAspectRatio
    return stream
  }

  /** Writes the header, after all streams were added. */
  async begin(): Promise<void> {
    this.check(await this.#format.openOutput())
    this.#open = true
    using options = Dictionary.fromObject(containerOptions(this.#container))
    this.check(await this.#format.writeHeader(options))
  }

  /** Writes a packet whose times are in units of `timeBase`. */
  async write(packet: Packet, stream: Stream, timeBase: IRational): Promise<void> {
    packet.streamIndex = stream.index
    packet.rescaleTs(timeBase, stream.timeBase)
    this.check(await this.#format.interleavedWriteFrame(packet))
  }

  async finish(): Promise<void> {
    this.check(await this.#format.writeTrailer())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#open) await this.#format.closeOutput()
    else this.#format.freeContext()
  }

  /** Throws for FFmpeg's negative error codes, including a full disk. */
  check(code: number): void {
    if (code >= 0) return
    const cause = new FFmpegError(code)
    const full = /no space|quota|file too large/i.test(cause.message)
    throw writeFailure(`${this.#path} could not be written`, cause, { full })
  }
}
