import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_FIELD_PROGRESSIVE,
  AV_FRAME_FLAG_CORRUPT,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  type AVThreadType,
  FF_THREAD_FRAME,
  FF_THREAD_SLICE,
} from 'node-av/constants'
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib'
import { TarsierError } from '../../shared/errors.ts'
import { Demuxer, packetPts } from './demuxer.ts'
import type { FrameIndex } from './frame-index.ts'
import { stretchEnd } from './stretches.ts'

/** How often frames were decoded and places sought: what tests know the work by. */
export interface ReadCounts {
  packets: number
  frames: number
  seeks: number
}

/** A wanted frame as the decoder gave it: only good until the next one is asked for. */
export interface DecodedFrame {
  readonly index: number
  readonly frame: Frame
  /** The decoder had to make up parts of it. */
  readonly damaged: boolean
}

/** Where decoding is begun anew when a frame does not come out of the nearest keyframe: so many keyframes earlier. */
const EARLIER_KEYFRAMES = [0, 1, 8]

/**
 * Frames of one stream by number. Consecutive wanted frames that lie in one stretch (from a keyframe on) are decoded in one
 * go, from the keyframe to the packet of the last of them, and not one packet more.
 */
export class FrameReader implements AsyncDisposable {
  readonly #path: string
  readonly #index: FrameIndex
  #decoder = new CodecContext()
  readonly #packet = new Packet()
  readonly #frame = new Frame()
  readonly counts: ReadCounts = { packets: 0, frames: 0, seeks: 0 }
  #demuxer: Demuxer
  /** Decoding position of the packet at hand, which is the next to be decoded; -1 before the first; null after the last or when unknown. */
  #position: number | null = -1

  /** Whether the decoder can leave out pictures that no other refers to: with B-frames those are most. */
  readonly #skipsUnreferenced: boolean
  /** Whether the decoder has seen nothing yet. */
  #fresh = true

  private constructor(path: string, demuxer: Demuxer, index: FrameIndex) {
    this.#path = path
    this.#demuxer = demuxer
    this.#index = index
    const { codecId } = demuxer.stream.codecpar
    // Fields may come in packets of their own, of which only one has the number that is wanted.
    const progressive = Number(demuxer.stream.codecpar.toJSON().fieldOrder ?? 0) <= AV_FIELD_PROGRESSIVE
    this.#skipsUnreferenced = progressive && this.#ordered && (codecId === AV_CODEC_ID_H264 || codecId === AV_CODEC_ID_HEVC)
    this.#packet.alloc()
    this.#frame.alloc()
  }

  /** Takes over `opened`, which may have been read from. Throws `no-frames` when there is no decoder for the stream. */
  static async open(path: string, index: FrameIndex, opened: Demuxer | null): Promise<FrameReader> {
    const reader = new FrameReader(path, opened ?? (await Demuxer.open(path)), index)
    if (opened) reader.#position = null
    try {
      await reader.#openDecoder()
      return reader
    } catch (error) {
      await reader[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * The wanted frames in the order asked for; those that cannot be decoded are left out and given to `onLost`.
   * Without timestamps everything is decoded from the start.
   */
  async *read(wanted: readonly number[], signal: AbortSignal, onLost: (index: number) => void): AsyncGenerator<DecodedFrame, void> {
    let at = 0
    let healthy = true
    while (at < wanted.length) {
      const end = stretchEnd(this.#index, wanted, at)
      let left: readonly number[] = wanted.slice(at, end)
      at = end
      while (left.length > 0) {
        const before: number = left.length
        // In a damaged part a keyframe further back is tried for the first frame only.
        const starts = this.#startsFor(left[0] as number, healthy ? EARLIER_KEYFRAMES : [0])
        for (const [attempt, keyframe] of starts.entries()) {
          left = yield* this.#decodeStretch(left, keyframe, attempt === starts.length - 1, signal)
          if (left.length < before) break
        }
        healthy = left.length < before
        if (healthy) continue
        onLost(left[0] as number)
        left = left.slice(1)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame.free()
    this.#packet.free()
    this.#decoder.freeContext()
    await this.#demuxer[Symbol.asyncDispose]()
  }

  /** Keyframes to begin with, the best first; -1 for the start of the file. */
  #startsFor(frame: number, earlier: readonly number[]): number[] {
    if (!this.#ordered) return [-1]
    return [...new Set(earlier.map((count) => this.#index.keyframeFor(frame, count)))]
  }

  get #ordered(): boolean {
    return this.#index.order === 'timestamps'
  }

  async #openDecoder(): Promise<void> {
    const { codecpar, timeBase } = this.#demuxer.stream
    const codec = Codec.findDecoder(codecpar.codecId)
    if (!codec) throw undecodable(this.#path, 'there is no decoder for it')
    this.#decoder.allocContext3(codec)
    const copied = this.#decoder.parametersToContext(codecpar)
    this.#decoder.pktTimebase = timeBase
    this.#decoder.threadCount = 0
    this.#decoder.threadType = (FF_THREAD_FRAME | FF_THREAD_SLICE) as AVThreadType
    if (copied < 0 || (await this.#decoder.open2(codec, null)) < 0) throw undecodable(this.#path, 'its decoder does not start')
  }

  /** Decodes from a keyframe (-1: from the start) and gives what it finds of an ascending list; returns the rest, from the first one missed. */
  async *#decodeStretch(
    wanted: readonly number[],
    keyframe: number,
    acceptDamaged: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<DecodedFrame, number[]> {
    const lastPacket = this.#ordered ? Math.max(...wanted.map((index) => this.#index.decodeAt(index))) : Number.POSITIVE_INFINITY
    const needed = new Set(wanted.map((index) => this.#index.decodeAt(index)))
    const left = [...wanted]
    if (!this.#fresh) {
      // Flushing would leave some state in the decoder: H.264 forgets that it has not recovered yet.
      this.#decoder.freeContext()
      this.#decoder = new CodecContext()
      await this.#openDecoder()
    }
    this.#fresh = false
    await this.#goTo(keyframe, signal)
    let shown = 0
    for (let flushing = false; !flushing; ) {
      signal.throwIfAborted()
      if (this.#position === null || this.#position > lastPacket) {
        flushing = true
        await this.#decoder.sendPacket(null)
      } else {
        this.counts.packets += 1
        if (this.#skipsUnreferenced) this.#decoder.setOption('skip_frame', needed.has(this.#position) ? 'default' : 'noref')
        await this.#decoder.sendPacket(this.#packet) // damage shows in the frames that come or do not come
        await this.#advance()
      }
      for (;;) {
        const received = await this.#decoder.receiveFrame(this.#frame)
        if (received === AVERROR_EAGAIN || received === AVERROR_EOF) break
        if (received < 0) {
          if (flushing) continue
          break
        }
        this.counts.frames += 1
        const index = this.#ordered ? Number(this.#frame.pts) : shown
        shown += 1
        const damaged = this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT)
        // Pictures come in the order they are shown: one was left out.
        if (index > (left[0] as number) || (index === left[0] && damaged && !acceptDamaged)) return left
        while (left[0] === index) {
          left.shift()
          yield { index, frame: this.#frame, damaged }
          signal.throwIfAborted()
        }
        this.#frame.unref()
        if (left.length === 0) return []
      }
    }
    return left
  }

  /** Brings the packet of a keyframe to hand, or the first one for -1. */
  async #goTo(keyframe: number, signal: AbortSignal): Promise<void> {
    const target = Math.max(0, keyframe < 0 ? 0 : this.#index.decodeAt(keyframe))
    if (this.#position === -1) await this.#advance()
    if (this.#position === target) return
    const pts = keyframe < 0 ? null : this.#index.ptsOf(keyframe)
    if (pts !== null && this.#ordered) {
      this.counts.seeks += 1
      if (await this.#demuxer.seek(pts)) {
        await this.#advance()
        if (this.#position !== null && this.#position <= target) return this.#skipTo(target, signal)
      }
    }
    // The container's own index leads astray, or there is none: read from the start, without decoding.
    await this.#demuxer[Symbol.asyncDispose]()
    this.#demuxer = await Demuxer.open(this.#path)
    this.#position = -1
    await this.#advance()
    await this.#skipTo(target, signal)
  }

  async #skipTo(target: number, signal: AbortSignal): Promise<void> {
    while (this.#position !== null && this.#position < target) {
      signal.throwIfAborted()
      await this.#advance()
    }
  }

  /** Reads the next packet and writes the number of its frame into it: the decoder hands it on to the frame. */
  async #advance(): Promise<void> {
    const before = this.#position
    for (;;) {
      if (!(await this.#demuxer.read(this.#packet))) {
        this.#position = null
        return
      }
      if (!this.#ordered) {
        this.#position = (before ?? -1) + 1
        return
      }
      const pts = packetPts(this.#packet)
      const frame = pts === null ? -1 : this.#index.frameAt(pts)
      if (frame < 0) continue // not among the packets that were counted
      this.#packet.pts = BigInt(frame)
      this.#position = this.#index.decodeAt(frame)
      return
    }
  }
}

function undecodable(path: string, why: string): TarsierError {
  return new TarsierError('no-frames', `The pictures of ${path} cannot be decoded: ${why}. Convert it to H.264 first.`)
}
