import { AVCOL_PRI_UNSPECIFIED, AVCOL_TRC_ARIB_STD_B67, AVCOL_TRC_SMPTE2084, AVCOL_TRC_UNSPECIFIED } from 'node-av/constants'
import { avGetCodecName, avGetPixFmtName, type IRational } from 'node-av/lib'
import { hashFile } from '../../platform/hash-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { type PassedFrame, passOver } from './clip-pass.ts'
import { promisedBytes } from './container-extent.ts'
import { Demuxer } from './demuxer.ts'
import type { FrameIndex } from './frame-index.ts'
import { type DecodedFrame, FrameReader, type ReadCounts } from './frame-reader.ts'
import { followsRate } from './frame-times.ts'
import { refuseMp4Bomb } from './mp4-limits.ts'
import { matrixOrientation, type Orientation, type Rotation, upright } from './orientation.ts'
import { type IndexedStream, indexStream } from './packet-scan.ts'
import { MAX_FRAME_PIXELS } from './picture-decoder.ts'
import { RgbConverter } from './rgb-converter.ts'
import { planFrames } from './sampling.ts'
import { packetsFor } from './stretches.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** Pixel formats of red, green and blue, by FFmpeg's names. */
const RGB_FORMAT = /^(0|a|x2)?(rgb|bgr|gbr)|^(pal8$|bayer_)/

/** Which colours the file of an RGB video states besides. */
export interface RgbColours {
  readonly statesPrimaries: boolean
  readonly statesTransfer: boolean
}

/** Where the frames of a video lie in its file, for programs that read it without this class. */
export interface VideoStream {
  /** Number of the stream in the file. */
  readonly stream: number
  readonly timeBase: IRational
  readonly index: FrameIndex
  readonly orientation: Orientation
  /** Width of a pixel of an upright frame, divided by its height: 1/1 unless players stretch the frames. */
  readonly aspect: IRational
  /** Null for videos in YUV and grey. */
  readonly rgb: RgbColours | null
  /** Whether each packet of the file holds a whole frame. */
  readonly wholeFrames: boolean
}

/** A video that FFmpeg reads. */
export class VideoClip implements Clip {
  readonly info: MediaInfo
  #index: FrameIndex
  readonly #secondsPerTick: number
  readonly #orientation: Orientation
  readonly #size: { readonly width: number; readonly height: number }
  readonly #stream: Pick<VideoStream, 'stream' | 'timeBase' | 'aspect' | 'rgb' | 'wholeFrames'>
  #closed = false
  /** The open file; the first reader takes it over. */
  #idle: Demuxer | null
  /** Statistics of the last call of `frames`. */
  counts: ReadCounts = { packets: 0, frames: 0, seeks: 0 }

  private constructor(
    info: MediaInfo,
    { index, joined }: IndexedStream,
    secondsPerTick: number,
    demuxer: Demuxer,
    orientation: Orientation,
  ) {
    this.#idle = demuxer
    this.info = info
    this.#index = index
    this.#secondsPerTick = secondsPerTick
    this.#orientation = orientation
    const { num, den } = demuxer.stream.timeBase
    const sideways = info.rotation % 180 !== 0
    const aspect = aspectOf(demuxer, info.rotation)
    this.#stream = {
      stream: demuxer.stream.index,
      timeBase: { num, den },
      aspect,
      rgb: rgbColours(info, demuxer),
      wholeFrames: joined === 0,
    }
    this.#size = sideways ? { width: info.height, height: info.width } : { width: info.width, height: info.height }
  }

  /** Throws `not-media`, `no-video`, `no-frames`. */
  static async open(path: string, bytes: number, head: Uint8Array, signal: AbortSignal): Promise<VideoClip> {
    await refuseMp4Bomb(path, bytes, signal)
    const demuxer = await Demuxer.open(path, signal)
    try {
      return await VideoClip.#of(demuxer, path, bytes, head, signal)
    } catch (error) {
      await demuxer[Symbol.asyncDispose]()
      throw error
    }
  }

  static async #of(demuxer: Demuxer, path: string, bytes: number, head: Uint8Array, signal: AbortSignal): Promise<VideoClip> {
    const { stream, secondsPerTick } = demuxer
    const { width, height, codecId, format } = stream.codecpar
    if (width * height > MAX_FRAME_PIXELS) {
      const limit = `the limit for frames is ${MAX_FRAME_PIXELS}`
      throw new TarsierError('no-frames', `${path} is too large: ${width}×${height} pixels; ${limit}. Downscale it first.`)
    }
    const indexed = await indexStream(path, demuxer, signal)
    const { index, joined } = indexed
    if (index.count === 0 || width < 1 || height < 1) {
      throw new TarsierError('no-frames', `${path} has a video stream without frames. It may be damaged or incomplete.`)
    }
    const orientation = matrixOrientation(demuxer.displayMatrix)
    const { rotation } = orientation
    const first = index.ptsOf(0)
    const spanned = first === null ? 0 : (indexed.end - first) * secondsPerTick
    // If fields have separate packets, FFmpeg's rate may be the field rate.
    const statedRate = joined > 0 && spanned > 0 ? 0 : ratio(stream.avgFrameRate) || ratio(stream.rFrameRate)
    const rate = statedRate || (spanned > 0 ? index.count / spanned : 25)
    const still = index.count === 1 && isPictureFormat(demuxer.container)
    const info: MediaInfo = {
      path,
      kind: still ? 'image' : 'video',
      width: rotation % 180 === 0 ? width : height,
      height: rotation % 180 === 0 ? height : width,
      pixelAspect: still ? 1 : ratio(aspectOf(demuxer, rotation)),
      rotation,
      frameCount: index.count,
      rate: still ? 0 : rate,
      constantRate: still || followsRate(index.count, rate, (frame) => timeOf(frame, index, rate, secondsPerTick)),
      duration: still ? 0 : spanned > 0 ? spanned : index.count / rate,
      container: demuxer.container,
      codec: avGetCodecName(codecId) ?? 'unknown',
      pixelFormat: avGetPixFmtName(format as Parameters<typeof avGetPixFmtName>[0]) ?? 'unknown',
      bytes,
      startTimecode: still ? null : demuxer.startTimecode,
      notices: notices(demuxer, indexed, (promisedBytes(head) ?? 0) > bytes),
    }
    return new VideoClip(info, indexed, secondsPerTick, demuxer, orientation)
  }

  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan {
    const chosen = planFrames(
      request,
      { ...this.info, repeatable: this.info.kind === 'video', timeOf: (index) => this.#timeOf(index) },
      options,
    )
    return { ...chosen, pixels: packetsFor(this.#index, chosen.indices) * this.info.width * this.info.height }
  }

  async *frames(plan: ChosenFrames, signal: AbortSignal, onNotice: (text: string) => void = () => {}): AsyncGenerator<Frame, void> {
    this.#assertOpen()
    signal.throwIfAborted()
    await using reader = await FrameReader.open(this.info.path, this.#index, this.#takeIdle(), signal)
    this.counts = reader.counts
    using converter = new RgbConverter(this.#size.width, this.#size.height)
    let given = 0
    const lost = (index: number) => onNotice(`Frame ${index} cannot be decoded and is skipped.`)
    for await (const { index, frame, damaged } of reader.read(plan.indices, lost, onNotice)) {
      const picture = await converter.convert(frame)
      if (!picture) {
        lost(index)
        continue
      }
      if (damaged) onNotice(`Frame ${index} is damaged: parts of it are reconstructed.`)
      given += 1
      yield { ...upright(picture, this.#orientation), index, time: this.#timeOf(index) }
    }
    this.#index = reader.index
    if (given === 0) {
      throw new TarsierError(
        'no-frames',
        `None of the selected frames of ${this.info.path} can be decoded. The file is damaged, or its codec (${this.info.codec}) is not supported.`,
      )
    }
  }

  /**
   * Every frame once, in order, in its stored orientation and decoded at reduced quality, for analysis of the whole clip. `frame` is null if it
   * cannot be decoded, and otherwise valid only until the next one is requested.
   */
  async *passOver(signal: AbortSignal): AsyncGenerator<PassedFrame & { readonly time: number }, void> {
    this.#assertOpen()
    for await (const { index, frame } of passOver(this.info.path, this.#index, signal)) yield { index, frame, time: this.#timeOf(index) }
  }

  /** The frames as FFmpeg decodes them, in their stored orientation, by index and in order. Undecodable frames are left out. */
  async *decoded(indices: readonly number[], signal: AbortSignal): AsyncGenerator<DecodedFrame, void> {
    this.#assertOpen()
    await using reader = await FrameReader.open(this.info.path, this.#index, this.#takeIdle(), signal)
    yield* reader.read(
      indices,
      () => {},
      () => {},
    )
    this.#index = reader.index
  }

  get source(): VideoStream {
    return { ...this.#stream, index: this.#index, orientation: this.#orientation }
  }

  /** Size of the frames before they are turned upright. */
  get storedSize(): { readonly width: number; readonly height: number } {
    return this.#size
  }

  async contentHash(signal: AbortSignal): Promise<string> {
    this.#assertOpen()
    return hashFile(this.info.path, signal)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#takeIdle()?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #takeIdle(): Demuxer | null {
    const demuxer = this.#idle
    this.#idle = null
    return demuxer
  }

  #timeOf(index: number): number {
    return timeOf(index, this.#index, this.info.rate, this.#secondsPerTick)
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('this clip is closed')
  }
}

function rgbColours({ pixelFormat }: MediaInfo, { stream }: Demuxer): RgbColours | null {
  if (!RGB_FORMAT.test(pixelFormat)) return null
  const { colorPrimaries, colorTrc } = stream.codecpar
  return { statesPrimaries: colorPrimaries !== AVCOL_PRI_UNSPECIFIED, statesTransfer: colorTrc !== AVCOL_TRC_UNSPECIFIED }
}

/** Shape of the pixels of upright frames. */
function aspectOf({ aspect: { num, den } }: Demuxer, rotation: Rotation): IRational {
  return rotation % 180 === 0 ? { num, den } : { num: den, den: num }
}

function notices(demuxer: Demuxer, { packets, hidden, corrupt, failed }: IndexedStream, tooShort: boolean): string[] {
  const found: string[] = []
  // Frames hidden by an edit list are not missing.
  const promised = hidden ? 0 : Number(demuxer.stream.nbFrames)
  if (promised > packets + 1) found.push(`The file is truncated: it contains ${packets} of its ${promised} frames.`)
  else if (tooShort) found.push(`The file is truncated: it contains only its first ${packets} frames.`)
  else if (failed) found.push(`The file is damaged: only its first ${packets} frames can be read.`)
  if (corrupt > 0) found.push(`${corrupt} of ${packets} frames are damaged.`)
  const { colorTrc } = demuxer.stream.codecpar
  if (colorTrc === AVCOL_TRC_SMPTE2084 || colorTrc === AVCOL_TRC_ARIB_STD_B67)
    found.push('The clip is HDR. Its colours are not converted and look pale.')
  return found
}

/** Seconds from the first frame; computed from the rate if the stream has no timestamps. */
function timeOf(frame: number, index: FrameIndex, rate: number, secondsPerTick: number): number {
  const pts = index.ptsOf(frame)
  return pts === null ? frame / rate : (pts - (index.ptsOf(0) ?? 0)) * secondsPerTick
}

/** FFmpeg reads images as videos of one frame. */
function isPictureFormat(container: string): boolean {
  return container.endsWith('_pipe')
}

function ratio({ num, den }: IRational): number {
  return num > 0 && den > 0 ? num / den : 0
}
