import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  FF_ENCODER_LIBX264,
} from 'node-av/constants'
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, type IRational, Packet, Rational, type Stream } from 'node-av/lib'
import { TarsierError } from '../../../shared/errors.ts'
import type { Orientation } from '../orientation.ts'
import type { Clip } from '../types.ts'
import { type RgbColours, VideoClip } from '../video-clip.ts'
import { FilterChain, type FilterStep } from './filter-chain.ts'
import { PieceFile } from './piece-file.ts'
import type { TimeRange } from './piece-plan.ts'
import { SoundEncoder } from './sound.ts'

/** Options of the encoder libx264, by FFmpeg's names: hardly distinguishable from the source. */
export const ENCODER_OPTIONS = { preset: 'fast', crf: '18' } as const
/** Units per second of frame times that a clip has only in seconds. */
const TICKS = 90_000

interface UprightFrames {
  readonly width: number
  readonly height: number
  /** Width of a pixel, divided by its height. */
  readonly aspect: IRational
  /** Null unless the frames are red, green and blue. */
  readonly rgb: RgbColours | null
}

const SQUARE: IRational = { num: 1, den: 1 }
/** BT.601, to which FFmpeg converts by default, by the name of its filters. */
const MATRIX = 'smpte170m'
const NOTHING_STATED: RgbColours = { statesPrimaries: false, statesTransfer: false }

/** Filters that turn decoded frames into upright ones that H.264 can hold: 4:2:0 of an even width and height. */
function pictureSteps({ mirrored, rotation }: Orientation, frames: UprightFrames): FilterStep[] {
  const steps: FilterStep[] = []
  if (mirrored) steps.push(['hflip', ''])
  if (rotation === 90) steps.push(['transpose', 'dir=clock'])
  else if (rotation === 270) steps.push(['transpose', 'dir=cclock'])
  else if (rotation === 180) steps.push(['hflip', ''], ['vflip', ''])
  return [...steps, ...evenSteps(frames)]
}

/**
 * Filters that convert upright frames to 4:2:0 of an even width and height, in the range of values that all players expect. Frames of red, green and
 * blue get the matrix of {@link MATRIX}, which the file then states: players would guess another one by the size.
 */
export function evenSteps({ width, height, aspect, rgb }: UprightFrames): FilterStep[] {
  const even = (side: number) => side + (side % 2)
  return [
    ['scale', `w=${even(width)}:h=${even(height)}:out_range=tv${rgb ? `:out_color_matrix=${MATRIX}` : ''}`],
    ['setsar', `${aspect.num}/${aspect.den}`],
    ['format', 'pix_fmts=yuv420p'],
    ...(rgb ? [coloursStep(rgb)] : []),
  ]
}

/** States the colours of converted frames; those of sRGB where the source states none. */
function coloursStep({ statesPrimaries, statesTransfer }: RgbColours): FilterStep {
  const primaries = statesPrimaries ? '' : ':color_primaries=bt709'
  const transfer = statesTransfer ? '' : ':color_trc=iec61966-2-1'
  return ['setparams', `range=tv:colorspace=${MATRIX}${primaries}${transfer}`]
}

export interface EncodedPiece {
  readonly first: number
  readonly last: number
  readonly range: TimeRange
  /** Seconds of the file's own clock of the clip's first frame; null if the piece has no sound. */
  readonly soundOffset: number | null
}

/**
 * Decodes frames and their sound and encodes them as H.264 and AAC in MP4. Upright; frame times are kept. `onFrame` is called after each frame.
 * @param target a file that this creates or overwrites
 */
export async function encodePiece(
  clip: Clip,
  piece: EncodedPiece,
  target: string,
  signal: AbortSignal,
  onFrame: () => void,
): Promise<void> {
  await using file = new PieceFile(target, 'mp4')
  const { range, soundOffset } = piece
  const header = (encoder: CodecContext) => {
    if (file.wantsGlobalHeader) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
  }
  await using sound =
    soundOffset === null
      ? null
      : await SoundEncoder.open(clip.info.path, { start: range.start + soundOffset, end: range.end + soundOffset }, header, signal)
  const pictures = await picturesOf(clip, piece)
  using chain = new FilterChain(pictures.steps, pictures.timeBase)
  using encoder = new PictureEncoder(pictures.timeBase, clip)
  let streams: { readonly picture: Stream; readonly sound: Stream | null } | null = null
  /** The first frame tells the colours, which belong into the file's header. */
  const begin = async (frame: Frame) => {
    await encoder.open(frame, header)
    const begun = { picture: file.encoded(encoder.context), sound: sound && file.encoded(sound.encoder) }
    await file.begin()
    return begun
  }
  const packets = sound?.packets(signal)
  let seconds = Number.NEGATIVE_INFINITY
  /** Writes the sound up to a time, so that both streams are written alternately. */
  const writeSound = async (until: number) => {
    while (packets && streams?.sound && sound && seconds < until) {
      const next = await packets.next()
      if (next.done) return
      seconds = Number(next.value.pts) / sound.encoder.sampleRate
      await file.write(next.value, streams.sound, sound.encoder.timeBase)
    }
  }
  let written = 0
  const write = async (frame: Frame | null) => {
    if (frame) streams ??= await begin(frame)
    if (!streams) return
    for await (const packet of encoder.encode(frame)) {
      packet.duration = pictures.duration(Number(packet.pts))
      const shown = (Number(packet.pts) * pictures.timeBase.num) / pictures.timeBase.den
      await file.write(packet, streams.picture, pictures.timeBase)
      await writeSound(shown)
      written += 1
      onFrame()
    }
  }
  for await (const frame of pictures.frames(signal)) for await (const filtered of chain.filter(frame)) await write(filtered)
  for await (const filtered of chain.filter(null)) await write(filtered)
  await write(null)
  if (written === 0) throw new TarsierError('no-frames', `None of these frames of ${clip.info.path} can be decoded.`)
  await writeSound(Number.POSITIVE_INFINITY)
  await file.finish()
}

interface Pictures {
  /** Frames with ascending times in units of `timeBase` from the first one. Each is valid until the next one is requested. */
  frames(signal: AbortSignal): AsyncGenerator<Frame, void>
  readonly timeBase: IRational
  readonly steps: readonly FilterStep[]
  /** How long the frame with this time is shown, in units of `timeBase`. */
  duration(pts: number): bigint
}

async function picturesOf(clip: Clip, { first, last, range }: EncodedPiece): Promise<Pictures> {
  const indices = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  const { times } = clip.plan({ kind: 'indices', indices })
  const source = clip instanceof VideoClip ? clip.source : null
  const timed = source !== null && source.index.order === 'timestamps'
  const timeBase = timed ? source.timeBase : { num: 1, den: TICKS }
  const perSecond = timeBase.den / timeBase.num
  const start = timed ? (source.index.ptsOf(first) ?? 0) : 0
  const toTicks = (index: number) =>
    timed ? (source.index.ptsOf(index) ?? 0) - start : Math.round(((times[index - first] ?? 0) - (times[0] ?? 0)) * perSecond)
  const ticks: number[] = []
  // Containers refuse times that do not ascend. Frames that are nearer to each other than a tick are shown one tick apart.
  for (const index of indices) ticks.push(Math.max((ticks.at(-1) ?? -1) + 1, toTicks(index)))
  const tickOf = (index: number) => ticks[index - first] ?? 0
  const end = Math.round((range.end - range.start) * perSecond)
  const steps =
    clip instanceof VideoClip
      ? pictureSteps(clip.source.orientation, { ...clip.info, ...clip.source })
      : evenSteps({ ...clip.info, aspect: SQUARE, rgb: NOTHING_STATED })
  const duration = (pts: number) => {
    const at = ticks.indexOf(pts)
    return BigInt(Math.max(1, (ticks[at + 1] ?? end) - pts))
  }
  async function* frames(signal: AbortSignal): AsyncGenerator<Frame, void> {
    if (clip instanceof VideoClip) {
      for await (const { index, frame } of clip.decoded(indices, signal)) {
        frame.pts = BigInt(tickOf(index))
        frame.pictType = AV_PICTURE_TYPE_NONE // otherwise the encoder makes keyframes of the same frames
        yield frame
      }
      return
    }
    for await (const { index, width, height, rgb } of clip.frames({ indices, times, notices: [] }, signal)) {
      const format = AV_PIX_FMT_RGB24
      using frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.length), { width, height, format })
      frame.pts = BigInt(tickOf(index))
      yield frame
    }
  }
  return { frames, timeBase, steps, duration }
}

/** An encoder of H.264. */
class PictureEncoder implements Disposable {
  readonly context = new CodecContext()
  readonly #timeBase: IRational
  readonly #rate: number
  readonly #packet = new Packet()

  constructor({ num, den }: IRational, { info }: Clip) {
    this.#timeBase = { num, den }
    this.#rate = info.rate
    this.#packet.alloc()
  }

  /** Starts it for frames of the size, pixels and colours of the first one. Throws `native-library`. */
  async open(first: Frame, header: (encoder: CodecContext) => void): Promise<void> {
    const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264)
    if (!codec) {
      throw new TarsierError(
        'native-library',
        'The FFmpeg encoder libx264 is missing, so clips cannot be cut exactly. Install Tarsier again.',
        {
          remedy: 'install-again',
        },
      )
    }
    const { context } = this
    context.allocContext3(codec)
    context.width = first.width
    context.height = first.height
    context.sampleAspectRatio = first.sampleAspectRatio
    context.timeBase = new Rational(this.#timeBase.num, this.#timeBase.den)
    context.framerate = new Rational(Math.round(this.#rate * 1000), 1000)
    context.pixelFormat = AV_PIX_FMT_YUV420P
    context.colorRange = first.colorRange
    context.colorSpace = first.colorSpace
    context.colorPrimaries = first.colorPrimaries
    context.colorTrc = first.colorTrc
    header(context)
    using options = Dictionary.fromObject(ENCODER_OPTIONS)
    const opened = await context.open2(codec, options)
    if (opened < 0)
      throw new TarsierError(
        'internal',
        `FFmpeg's encoder of H.264 could not be started: ${FFmpegError.strerror(opened)}. Please report it.`,
      )
  }

  /** Encodes a frame; null for the end. Each packet is valid until the next one is requested. */
  async *encode(frame: Frame | null): AsyncGenerator<Packet, void> {
    const sent = await this.context.sendFrame(frame)
    if (sent < 0) throw new TarsierError('internal', `A frame could not be encoded: ${FFmpegError.strerror(sent)}. Please report it.`)
    while ((await this.context.receivePacket(this.#packet)) >= 0) {
      yield this.#packet
      this.#packet.unref()
    }
  }

  [Symbol.dispose](): void {
    this.#packet.free()
    this.context.freeContext()
  }
}
