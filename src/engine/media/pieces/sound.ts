import { extname } from 'node:path'
import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVIO_FLAG_READ,
  AVMEDIA_TYPE_AUDIO,
  AVSEEK_FLAG_BACKWARD,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBOPUS,
} from 'node-av/constants'
import { Codec, CodecContext, Dictionary, FormatContext, Frame, IOContext, Packet, type Stream } from 'node-av/lib'
import { TarsierError } from '../../../shared/errors.ts'
import { bounded } from '../../bounded.ts'
import { SELF_CONTAINED } from '../containers.ts'
import { PICTURE_DECODERS } from '../demuxer.ts'
import { FilterChain, type FilterStep } from './filter-chain.ts'
import type { TimeRange } from './piece-plan.ts'

/** Decoders of sound that may run. Others have no place in films, and one of FFmpeg's aborts the process on some files. */
const SOUND_DECODERS = Codec.getCodecList()
  .filter(
    ({ type, name }) =>
      type === AVMEDIA_TYPE_AUDIO &&
      /^(aac|ac3|eac3|alac|amrnb|amrwb|dca|flac|mp[123](float)?|opus|vorbis|wma(v1|v2|pro)|pcm_\w+)$/.test(name ?? ''),
  )
  .filter((codec) => codec.isDecoder())

/** Seconds before a range from which sound is decoded, because decoders need some packets to start. */
const RUN_UP = 0.5
/** Samples of a packet of AAC. */
const AAC_FRAME = 1024
export const SOUND_BIT_RATE = 192_000

/** Whether a stream of sound can be decoded. */
export function isDecodable({ codecpar }: Stream): boolean {
  return SOUND_DECODERS.some(({ id }) => id === codecpar.codecId)
}

/** An open media file whose sound can be read as well. Like `Demuxer`, FFmpeg may open no other file. */
export class SoundAndPicture implements AsyncDisposable {
  readonly format: FormatContext
  readonly #io: IOContext
  readonly #path: string

  private constructor(path: string, format: FormatContext, io: IOContext) {
    this.#path = path
    this.format = format
    this.#io = io
  }

  /** Throws `file-unreadable`. */
  static async open(path: string, signal: AbortSignal): Promise<SoundAndPicture> {
    signal.throwIfAborted()
    const format = new FormatContext()
    const io = new IOContext()
    const opened = new SoundAndPicture(path, format, io)
    using options = Dictionary.fromObject({
      protocol_whitelist: 'none',
      format_whitelist: SELF_CONTAINED,
      codec_whitelist: `${PICTURE_DECODERS},${SOUND_DECODERS.map(({ name }) => name).join(',')}`,
    })
    try {
      opened.#check(await bounded(`Opening ${path}`, () => io.open2(`file:${path}`, AVIO_FLAG_READ)))
      format.allocContext()
      format.pb = io
      const name = `clip${extname(path).replace(/[^.\w]/g, '')}`
      opened.#check(await bounded(`Opening ${path}`, () => format.openInput(name, null, options)))
      await bounded(`Opening ${path}`, () => format.findStreamInfo(null))
      signal.throwIfAborted()
      return opened
    } catch (error) {
      await opened[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Whether the file has any stream of sound. */
  get hasSound(): boolean {
    return this.format.streams.some(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_AUDIO)
  }

  /** The stream of sound that players choose; null if there is none with samples. */
  get sound(): Stream | null {
    const stream = this.format.streams[this.format.findBestStream(AVMEDIA_TYPE_AUDIO)]
    return stream && stream.codecpar.sampleRate > 0 && stream.codecpar.channels > 0 ? stream : null
  }

  /** Leaves out the packets of all other streams. */
  only(indices: readonly number[]): void {
    for (const stream of this.format.streams) if (!indices.includes(stream.index)) stream.discard = AVDISCARD_ALL
  }

  /** Seeks to the last position from which a stream can be decoded at a time in its ticks; to the start of the file if it has no index. */
  async seek(stream: number, ticks: number): Promise<void> {
    const seek = (to: number) => bounded(`Reading ${this.#path}`, () => this.format.seekFrame(stream, BigInt(to), AVSEEK_FLAG_BACKWARD))
    if ((await seek(ticks)) < 0) await seek(0)
  }

  /** Reads the next packet; false at the end of the file or at damage. */
  async read(packet: Packet): Promise<boolean> {
    packet.unref()
    return (await bounded(`Reading ${this.#path}`, () => this.format.readFrame(packet))) >= 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.format.closeInput().catch(() => {})
    await this.#io.closep().catch(() => {})
  }

  #check(code: number): void {
    if (code < 0) throw new TarsierError('file-unreadable', `${this.#path} cannot be opened again. It may have changed. Try again.`)
  }
}

/**
 * FFmpeg's filters for exactly the sound of a range, in seconds of the file's own clock. Times start at 0; gaps become silence, so that sound and picture stay
 * together.
 */
export function soundSteps({ start, end }: TimeRange): FilterStep[] {
  return [
    ['atrim', `start=${start.toFixed(6)}:end=${end.toFixed(6)}`],
    ['asetpts', `PTS-${start.toFixed(6)}/TB`],
    ['aresample', 'async=1:first_pts=0'],
  ]
}

/** What a codec takes. */
const CODECS = {
  aac: {
    encoder: FF_ENCODER_AAC,
    format: 'fltp',
    frame: AAC_FRAME,
    rates: [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000],
  },
  // A packet of 20 milliseconds.
  opus: { encoder: FF_ENCODER_LIBOPUS, format: 's16', frame: 960, rates: [48_000] },
} as const
export type SoundCodec = keyof typeof CODECS

/** Encodes the sound of a range. Open it, add its `encoder` to the file, and write the packets; times are in samples. */
export class SoundEncoder implements AsyncDisposable {
  readonly encoder = new CodecContext()
  readonly #media: SoundAndPicture
  readonly #stream: Stream
  readonly #range: TimeRange
  readonly #codec: SoundCodec
  readonly #decoder = new CodecContext()
  readonly #packet = new Packet()
  /** What {@link packets} returned, until it has ended. */
  #encoding: AsyncGenerator<Packet, void> | null = null

  private constructor(media: SoundAndPicture, stream: Stream, range: TimeRange, codec: SoundCodec) {
    this.#media = media
    this.#stream = stream
    this.#range = range
    this.#codec = codec
    this.#packet.alloc()
  }

  /**
   * Null if the clip has no sound that can be decoded.
   * @param range in seconds of the file's own clock
   */
  static async open(
    path: string,
    range: TimeRange,
    globalHeader: (encoder: CodecContext) => void,
    signal: AbortSignal,
    codec: SoundCodec = 'aac',
  ): Promise<SoundEncoder | null> {
    const media = await SoundAndPicture.open(path, signal)
    const stream = media.sound
    const sound = stream && isDecodable(stream) && new SoundEncoder(media, stream, range, codec)
    if (sound && (await sound.#start(globalHeader))) return sound
    if (sound) await sound[Symbol.asyncDispose]()
    else await media[Symbol.asyncDispose]()
    return null
  }

  /** The packets in order, once. Each is valid until the next one is requested, and none comes after this encoder was disposed. */
  packets(signal: AbortSignal): AsyncGenerator<Packet, void> {
    this.#encoding = this.#encoded(signal)
    return this.#encoding
  }

  async *#encoded(signal: AbortSignal): AsyncGenerator<Packet, void> {
    const { format, frame: samples } = CODECS[this.#codec]
    const steps: FilterStep[] = [
      ...soundSteps(this.#range),
      ['aformat', `sample_fmts=${format}:sample_rates=${this.encoder.sampleRate}:channel_layouts=${this.#layout}`],
      ['asetnsamples', `n=${samples}:p=0`],
    ]
    using chain = new FilterChain(steps, this.#stream.timeBase)
    for await (const frame of this.#decoded(signal)) for await (const filtered of chain.filter(frame)) yield* this.#encode(filtered)
    for await (const filtered of chain.filter(null)) yield* this.#encode(filtered)
    yield* this.#encode(null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Packets are pulled one by one, so nothing else ends an unfinished reading, which holds filters and frames.
    await this.#encoding?.return()
    this.encoder.freeContext()
    this.#decoder.freeContext()
    this.#packet.free()
    await this.#media[Symbol.asyncDispose]()
  }

  /** Opus orders the channels of 5.1 differently, and a preview needs no more than two. */
  get #layout(): keyof typeof layouts {
    const layout = layoutFor(this.#stream.codecpar.channels)
    return this.#codec === 'opus' && layout === '5.1' ? 'stereo' : layout
  }

  /** Returns whether there is a decoder and an encoder. */
  async #start(globalHeader: (encoder: CodecContext) => void): Promise<boolean> {
    const { codecpar, timeBase } = this.#stream
    const codec = Codec.findDecoder(codecpar.codecId)
    const { encoder: name, rates } = CODECS[this.#codec]
    const target = Codec.findEncoderByName(name)
    if (!codec || !target) return false
    this.#decoder.allocContext3(codec)
    if (this.#decoder.parametersToContext(codecpar) < 0) return false
    this.#decoder.pktTimebase = timeBase
    if ((await this.#decoder.open2(codec, null)) < 0) return false
    const { encoder } = this
    encoder.allocContext3(target)
    encoder.sampleRate = rates.some((rate) => rate === codecpar.sampleRate) ? codecpar.sampleRate : 48_000
    encoder.sampleFormat = (target.sampleFormats ?? [])[0] ?? encoder.sampleFormat
    encoder.channelLayout = layouts[this.#layout]
    encoder.bitRate = BigInt(SOUND_BIT_RATE)
    encoder.timeBase = { num: 1, den: encoder.sampleRate } as CodecContext['timeBase']
    globalHeader(encoder)
    return (await encoder.open2(target, null)) >= 0
  }

  async *#decoded(signal: AbortSignal): AsyncGenerator<Frame, void> {
    const { index, timeBase } = this.#stream
    const seconds = timeBase.num / timeBase.den
    this.#media.only([index])
    const { start } = this.#range
    // Not before a file that begins at 0, which some containers refuse.
    await this.#media.seek(index, Math.floor(Math.max(Math.min(0, start), start - RUN_UP) / seconds))
    using packet = new Packet()
    packet.alloc()
    using frame = new Frame()
    frame.alloc()
    for (let more = true; more; ) {
      signal.throwIfAborted()
      more = await this.#media.read(packet)
      if (more && packet.streamIndex !== index) continue
      if (more && packet.pts !== AV_NOPTS_VALUE && Number(packet.pts) * seconds > this.#range.end + RUN_UP) more = false
      await this.#decoder.sendPacket(more ? packet : null)
      for (;;) {
        const got = await this.#decoder.receiveFrame(frame)
        if (got === AVERROR_EAGAIN || got === AVERROR_EOF || got < 0) break
        frame.pts = frame.bestEffortTimestamp
        yield frame
        frame.unref()
      }
    }
  }

  async *#encode(frame: Frame | null): AsyncGenerator<Packet, void> {
    if ((await this.encoder.sendFrame(frame)) < 0) return
    while ((await this.encoder.receivePacket(this.#packet)) >= 0) {
      yield this.#packet
      this.#packet.unref()
    }
  }
}

const layouts = {
  mono: { order: AV_CHANNEL_ORDER_NATIVE, nbChannels: 1, mask: 4n },
  stereo: { order: AV_CHANNEL_ORDER_NATIVE, nbChannels: 2, mask: 3n },
  '5.1': { order: AV_CHANNEL_ORDER_NATIVE, nbChannels: 6, mask: 0x3fn },
} as const

/** Layout in which sound is encoded: mono, stereo or 5.1, whichever is nearest. */
function layoutFor(channels: number): keyof typeof layouts {
  return channels === 1 ? 'mono' : channels === 6 ? '5.1' : 'stereo'
}
