import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_FIELD_PROGRESSIVE, AV_FRAME_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from 'node-av/constants'
import { Frame, Packet } from 'node-av/lib'
import { Demuxer, packetPts } from './demuxer.ts'
import type { FrameIndex, Keyframe } from './frame-index.ts'
import { isKeyframe, PictureDecoder } from './picture-decoder.ts'
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
  readonly #signal: AbortSignal
  readonly #decoder: PictureDecoder
  readonly #packet = new Packet()
  readonly #frame = new Frame()
  readonly counts: ReadCounts = { packets: 0, frames: 0, seeks: 0 }
  #index: FrameIndex
  #demuxer: Demuxer
  /** Decoding position of the packet at hand, which is the next to be decoded; -1 before the first; null after the last or when unknown. */
  #position: number | null = -1

  /** Whether the decoder can leave out pictures that no other refers to: with B-frames those are most. */
  readonly #skipsUnreferenced: boolean
  /** Whether the decoder has seen nothing yet. */
  #fresh = true
  /** What the decoder says of the keyframe it was last given to begin with; null where no frame of it came out. */
  #startIsKeyframe: boolean | null = null
  /** Whether the decoder has been asked which keyframes are any. */
  #keyframesConfirmed = false
  /** Whether decoding everything gave not one frame. */
  #dead = false

  private constructor(path: string, demuxer: Demuxer, decoder: PictureDecoder, index: FrameIndex, signal: AbortSignal) {
    this.#path = path
    this.#signal = signal
    this.#demuxer = demuxer
    this.#decoder = decoder
    this.#index = index
    const { codecId } = demuxer.stream.codecpar
    // Fields may come in packets of their own, of which only one has the number that is wanted.
    const progressive = Number(demuxer.stream.codecpar.toJSON().fieldOrder ?? 0) <= AV_FIELD_PROGRESSIVE
    this.#skipsUnreferenced = progressive && (codecId === AV_CODEC_ID_H264 || codecId === AV_CODEC_ID_HEVC)
    this.#packet.alloc()
    this.#frame.alloc()
  }

  /** Takes over `opened`, which may have been read from. Throws `no-frames` when there is no decoder for the stream. */
  static async open(path: string, index: FrameIndex, opened: Demuxer | null, signal: AbortSignal): Promise<FrameReader> {
    const demuxer = opened ?? (await Demuxer.open(path, signal))
    try {
      const reader = new FrameReader(path, demuxer, await PictureDecoder.open(path, demuxer.stream), index, signal)
      if (opened) reader.#position = null
      return reader
    } catch (error) {
      await demuxer[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The index as decoding has corrected it. */
  get index(): FrameIndex {
    return this.#index
  }

  /**
   * The wanted frames in the order asked for; those that cannot be decoded are left out and given to `onLost`, and what the decoder found
   * wrong with the file as a whole to `onNotice`. Without timestamps everything is decoded from the start.
   */
  async *read(
    wanted: readonly number[],
    onLost: (index: number) => void,
    onNotice: (text: string) => void,
  ): AsyncGenerator<DecodedFrame, void> {
    let at = 0
    let healthy = true
    while (at < wanted.length) {
      const end = stretchEnd(this.#index, wanted, at)
      const index = this.#index
      let left: readonly number[] = wanted.slice(at, end)
      while (left.length > 0 && index === this.#index) {
        const before: number = left.length
        // In a damaged part a keyframe further back is tried for the first frame only.
        const starts = this.#startsFor(left[0] as number, healthy ? EARLIER_KEYFRAMES : [0])
        let doubtful = true
        for (const [attempt, keyframe] of starts.entries()) {
          if (this.#dead) break
          left = yield* this.#decodeStretch(left, keyframe, attempt === starts.length - 1)
          doubtful = this.#startIsKeyframe === false || (doubtful && this.#startIsKeyframe === null)
          if (left.length < before || this.#startIsKeyframe === false || index !== this.#index) break
        }
        healthy = left.length < before
        if (healthy || index !== this.#index) continue
        if (doubtful && (await this.#confirmKeyframes(onNotice))) {
          healthy = true
          continue
        }
        onLost(left[0] as number)
        left = left.slice(1)
      }
      at = end - left.length
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame.free()
    this.#packet.free()
    this.#decoder[Symbol.dispose]()
    await this.#demuxer[Symbol.asyncDispose]()
  }

  /** Keyframes to begin with, the best first; null for the start of the file. */
  #startsFor(frame: number, earlier: readonly number[]): (Keyframe | null)[] {
    if (!this.#ordered) return [null]
    return [...new Set(earlier.map((count) => this.#index.keyframeFor(frame, count)))]
  }

  get #ordered(): boolean {
    return this.#index.order === 'timestamps'
  }

  /** Decodes from a keyframe (null: from the start) and gives what it finds of an ascending list; returns the rest, from the first one missed. */
  async *#decodeStretch(
    wanted: readonly number[],
    keyframe: Keyframe | null,
    acceptDamaged: boolean,
  ): AsyncGenerator<DecodedFrame, number[]> {
    const ordered = this.#ordered
    const lastPacket = ordered ? Math.max(...wanted.map((index) => this.#index.decodeAt(index))) : Number.POSITIVE_INFINITY
    const needed = new Set(wanted.map((index) => this.#index.decodeAt(index)))
    const left = [...wanted]
    await this.#goTo(keyframe)
    if (!this.#fresh) await this.#decoder.restart(this.#demuxer.stream)
    this.#fresh = false
    this.#startIsKeyframe = keyframe ? null : true
    let seen = 0
    let shown = 0
    let latest = -1
    for (let flushing = false; !flushing; ) {
      this.#signal.throwIfAborted()
      if (this.#position === null || this.#position > lastPacket) {
        flushing = true
        await this.#decoder.send(null)
      } else {
        this.counts.packets += 1
        const asked = needed.has(this.#position) || this.#position === keyframe?.at
        if (ordered && this.#skipsUnreferenced) this.#decoder.skip(asked ? 'default' : 'noref')
        await this.#decoder.send(this.#packet)
        await this.#advance()
      }
      while (await this.#decoder.receive(this.#frame, flushing)) {
        this.counts.frames += 1
        seen += 1
        const position = Number(this.#frame.pts)
        if (keyframe?.at === position) {
          this.#startIsKeyframe = isKeyframe(this.#frame)
          if (!this.#startIsKeyframe) return left
        }
        const hidden = this.#index.hasHidden && this.#index.frameOf(position) < 0
        const index = ordered ? this.#index.frameOf(position) : shown
        if (hidden) {
          this.#frame.unref()
          continue
        }
        shown += 1
        // The decoder recovers little by little: what it takes for recovered need not be exact.
        if (keyframe && this.#startIsKeyframe === null && index > this.#index.frameOf(keyframe.at)) return left
        if (ordered && index < latest) {
          this.#index = this.#index.inDecodingOrder()
          return left
        }
        latest = index
        const damaged = this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT)
        // Pictures come in the order they are shown: one was left out.
        if (index > (left[0] as number) || (index === left[0] && damaged && !acceptDamaged)) return left
        while (left[0] === index) {
          left.shift()
          yield { index, frame: this.#frame, damaged }
          this.#signal.throwIfAborted()
        }
        this.#frame.unref()
        if (left.length === 0) return []
      }
    }
    if (seen === 0 && keyframe === null && this.#position === null) this.#dead = true
    return left
  }

  /**
   * Has the decoder say which of the container's keyframes are any: all packets go through it, of which it decodes only those. Whether
   * that was not known before, and changes where to begin.
   */
  async #confirmKeyframes(onNotice: (text: string) => void): Promise<boolean> {
    if (this.#keyframesConfirmed || !this.#ordered) return false
    this.#keyframesConfirmed = true
    await this.#goTo(null)
    await this.#decoder.restart(this.#demuxer.stream)
    this.#decoder.skip('nokey')
    const confirmed = new Set<number>()
    for (let flushing = false; !flushing; ) {
      this.#signal.throwIfAborted()
      flushing = this.#position === null
      await this.#decoder.send(flushing ? null : this.#packet)
      if (!flushing) await this.#advance()
      while (await this.#decoder.receive(this.#frame, flushing)) {
        if (isKeyframe(this.#frame)) confirmed.add(Number(this.#frame.pts))
        this.#frame.unref()
      }
    }
    const corrected = this.#index.withKeyframes(confirmed)
    if (corrected.keyframeCount === this.#index.keyframeCount) return false
    this.#index = corrected
    onNotice('Frames that the file marks as keyframes refer to earlier ones: decoding begins further back and takes longer.')
    return true
  }

  /** Brings the packet of a keyframe to hand, or the first one for null. */
  async #goTo(keyframe: Keyframe | null): Promise<void> {
    const target = keyframe?.at ?? 0
    if (this.#position === -1) await this.#advance()
    if (this.#position === target) return
    if (keyframe) {
      this.counts.seeks += 1
      if (await this.#demuxer.seek(keyframe.pts)) {
        await this.#advance()
        if (this.#position !== null && this.#position <= target) return this.#skipTo(target)
      }
    }
    // The container's own index leads astray, or there is none: read from the start, without decoding.
    await this.#demuxer[Symbol.asyncDispose]()
    this.#demuxer = await Demuxer.open(this.#path, this.#signal)
    this.#position = -1
    await this.#advance()
    await this.#skipTo(target)
  }

  async #skipTo(target: number): Promise<void> {
    while (this.#position !== null && this.#position < target) {
      this.#signal.throwIfAborted()
      await this.#advance()
    }
  }

  /**
   * Reads the next packet and writes its position into it: the decoder hands it on to the frame. Frames of hidden packets come out, too, and
   * are passed over by their position: of the one that decoding begins with it has to be known whether it is a keyframe.
   */
  async #advance(): Promise<void> {
    const before = this.#position
    for (;;) {
      if (!(await this.#demuxer.read(this.#packet))) {
        this.#position = null
        return
      }
      const pts = packetPts(this.#packet)
      const position = this.#ordered ? (pts === null ? -1 : this.#index.positionOf(pts)) : (before ?? -1) + 1
      if (position < 0) continue // not among the packets that were counted
      this.#packet.clearFlags(AV_PKT_FLAG_DISCARD)
      this.#packet.pts = BigInt(position)
      this.#position = position
      return
    }
  }
}
