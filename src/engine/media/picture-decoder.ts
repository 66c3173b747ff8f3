import {
  AV_FRAME_FLAG_KEY,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  type AVThreadType,
  FF_THREAD_FRAME,
  FF_THREAD_SLICE,
} from 'node-av/constants'
import { Codec, CodecContext, type Frame, type Packet, type Stream } from 'node-av/lib'
import { TarsierError } from '../../shared/errors.ts'
import { bounded } from '../bounded.ts'

/** Maximum number of pixels of a frame: 8192×8192. Decoders keep many frames, so a small file with larger ones would take gigabytes. */
export const MAX_FRAME_PIXELS = 2 ** 26

/** Maximum number of consecutive failures while flushing; exceeds the number of frames that a decoder buffers. */
const MAX_ERRORS = 256

/**
 * `coarse` decodes faster for analysis at a small size: without the loop filter, and in a smaller size where the codec can.
 * Each frame differs a little from the exact one, more so the farther it is from its keyframe.
 */
export type DecodingQuality = 'exact' | 'coarse'

/** Minimum length in pixels of a coarsely decoded frame's shorter side. */
const COARSE_SIDE = 96

/** FFmpeg's decoder of a stream; {@link restart} resets it. Closed by `using`. */
export class PictureDecoder implements Disposable {
  readonly #path: string
  readonly #quality: DecodingQuality
  #context = new CodecContext()

  private constructor(path: string, quality: DecodingQuality) {
    this.#path = path
    this.#quality = quality
  }

  /** Throws `no-frames` if there is no decoder for the stream. */
  static async open(path: string, stream: Stream, quality: DecodingQuality = 'exact'): Promise<PictureDecoder> {
    const decoder = new PictureDecoder(path, quality)
    try {
      await decoder.#open(stream)
      return decoder
    } catch (error) {
      decoder[Symbol.dispose]()
      throw error
    }
  }

  /** Recreates the decoder. Flushing would leave some state: H.264 would no longer know that it has not recovered yet. */
  async restart(stream: Stream): Promise<void> {
    this.#context.freeContext()
    this.#context = new CodecContext()
    await this.#open(stream)
  }

  /** Sets which frames the decoder skips from now on, by FFmpeg's names. */
  skip(which: 'default' | 'noref' | 'nokey'): void {
    this.#context.setOption('skip_frame', which)
  }

  /** Sends a packet; null flushes the decoder. Damage is not reported here, but shows in the frames returned. */
  async send(packet: Packet | null): Promise<void> {
    await this.#step(() => this.#context.sendPacket(packet))
  }

  /** Receives the next frame; false if another packet is needed. With `flushing`, skips errors up to the end of the stream. */
  async receive(frame: Frame, flushing: boolean): Promise<boolean> {
    for (let errors = 0; errors < MAX_ERRORS; errors += 1) {
      const received = await this.#step(() => this.#context.receiveFrame(frame))
      if (received >= 0) return true
      if (!flushing || received === AVERROR_EAGAIN || received === AVERROR_EOF) return false
    }
    return false
  }

  [Symbol.dispose](): void {
    this.#context.freeContext()
  }

  #step<T>(step: () => Promise<T>): Promise<T> {
    return bounded(`Decoding a frame of ${this.#path}`, step)
  }

  async #open({ codecpar, timeBase }: Stream): Promise<void> {
    const codec = Codec.findDecoder(codecpar.codecId)
    if (!codec) throw undecodable(this.#path, 'no decoder is available')
    this.#context.allocContext3(codec)
    const copied = this.#context.parametersToContext(codecpar)
    this.#context.pktTimebase = timeBase
    // A stream may become larger than its header declares; decoders also count row padding.
    this.#context.setOption('max_pixels', MAX_FRAME_PIXELS * 1.25)
    if (this.#quality === 'coarse') {
      this.#context.setOption('skip_loop_filter', 'all')
      const halvings = Math.floor(Math.log2(Math.min(codecpar.width, codecpar.height) / COARSE_SIDE))
      this.#context.setOption('lowres', Math.max(0, Math.min(halvings, codec.maxLowres)))
    }
    this.#context.threadCount = 0
    this.#context.threadType = (FF_THREAD_FRAME | FF_THREAD_SLICE) as AVThreadType
    if (copied < 0 || (await this.#context.open2(codec, null)) < 0) throw undecodable(this.#path, 'the decoder could not be started')
  }
}

/** Whether the decoder reports a frame as intra-coded, or does not report its type. */
export function isKeyframe(frame: Frame): boolean {
  return frame.hasFlags(AV_FRAME_FLAG_KEY) || frame.pictType === AV_PICTURE_TYPE_I || frame.pictType === AV_PICTURE_TYPE_NONE
}

function undecodable(path: string, why: string): TarsierError {
  return new TarsierError('no-frames', `The video ${path} cannot be decoded: ${why}. Convert it to H.264 first.`)
}
