import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_FIELD_PROGRESSIVE, AV_FRAME_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from 'node-av/constants'
import { Frame, Packet } from 'node-av/lib'
import { Demuxer, packetPts } from './demuxer.ts'
import type { FrameIndex, Keyframe } from './frame-index.ts'
import { isKeyframe, PictureDecoder } from './picture-decoder.ts'
import { stretchEnd } from './stretches.ts'

/** Number of decoded frames and seeks, for tests. */
export interface ReadCounts {
  packets: number
  frames: number
  seeks: number
}

/** A decoded frame. Valid only until the next one is requested. */
export interface DecodedFrame {
  readonly index: number
  readonly frame: Frame
  /** Whether the decoder concealed errors in it. */
  readonly damaged: boolean
}

/** If a frame cannot be decoded from the nearest keyframe, decoding restarts this many keyframes earlier. */
const EARLIER_KEYFRAMES = [0, 1, 8]

/**
 * Reads frames of a stream by index. Consecutive requested frames between two keyframes are decoded in one pass, from the keyframe to the
 * packet of the last of them and no further.
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
  /** Decoding position of the current packet, which is decoded next; -1 before the first; null after the last or if unknown. */
  #position: number | null = -1

  /** Whether the decoder can skip frames that no other frame refers to; with B-frames these are the majority. */
  readonly #skipsUnreferenced: boolean
  /** Whether the decoder has received no packet yet. */
  #fresh = true
  /** The decoder's verdict on the last keyframe at which it started; null if it returned no frame. */
  #startIsKeyframe: boolean | null = null
  /** Whether the decoder was asked which keyframes are real ones. */
  #keyframesConfirmed = false
  /** Whether decoding the whole file returned no frame. */
  #dead = false

  private constructor(path: string, demuxer: Demuxer, decoder: PictureDecoder, index: FrameIndex, signal: AbortSignal) {
    this.#path = path
    this.#signal = signal
    this.#demuxer = demuxer
    this.#decoder = decoder
    this.#index = index
    const { codecId } = demuxer.stream.codecpar
    // Fields may have separate packets, only one of which has the requested index.
    const progressive = Number(demuxer.stream.codecpar.toJSON().fieldOrder ?? 0) <= AV_FIELD_PROGRESSIVE
    this.#skipsUnreferenced = progressive && (codecId === AV_CODEC_ID_H264 || codecId === AV_CODEC_ID_HEVC)
    this.#packet.alloc()
    this.#frame.alloc()
  }

  /** Takes over `opened`, which may have been read already. Throws `no-frames` if there is no decoder for the stream. */
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

  /** The index, corrected by what decoding found. */
  get index(): FrameIndex {
    return this.#index
  }

  /**
   * The requested frames in the requested order. Undecodable frames are left out and passed to `onLost`; problems of the whole file are
   * passed to `onNotice`. Without timestamps everything is decoded from the start.
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
      while (at < end && index === this.#index) {
        const before: number = at
        // In a damaged part an earlier keyframe is tried for the first frame only.
        const starts = this.#startsFor(wanted[at] as number, healthy ? EARLIER_KEYFRAMES : [0])
        let doubtful = true
        for (const [attempt, keyframe] of starts.entries()) {
          if (this.#dead) break
          at = yield* this.#decodeStretch(wanted, { from: at, end }, keyframe, attempt === starts.length - 1)
          doubtful = this.#startIsKeyframe === false || (doubtful && this.#startIsKeyframe === null)
          if (at > before || this.#startIsKeyframe === false || index !== this.#index) break
        }
        healthy = at > before
        if (healthy || index !== this.#index) continue
        if (doubtful && (await this.#confirmKeyframes(onNotice))) {
          healthy = true
          continue
        }
        onLost(wanted[at] as number)
        at += 1
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#frame.free()
    this.#packet.free()
    this.#decoder[Symbol.dispose]()
    await this.#demuxer[Symbol.asyncDispose]()
  }

  /** Keyframes at which to start, best first; null for the start of the file. */
  #startsFor(frame: number, earlier: readonly number[]): (Keyframe | null)[] {
    if (!this.#ordered) return [null]
    return [...new Set(earlier.map((count) => this.#index.keyframeFor(frame, count)))]
  }

  get #ordered(): boolean {
    return this.#index.order === 'timestamps'
  }

  /**
   * Decodes from a keyframe (null: from the start) and yields the frames of an ascending part of a list. Returns the place in the list of the first
   * missing one, or the end of the part.
   */
  async *#decodeStretch(
    wanted: readonly number[],
    { from, end }: { readonly from: number; readonly end: number },
    keyframe: Keyframe | null,
    acceptDamaged: boolean,
  ): AsyncGenerator<DecodedFrame, number> {
    const ordered = this.#ordered
    const needed = new Set<number>()
    for (let place = from; place < end; place += 1) needed.add(this.#index.decodeAt(wanted[place] as number))
    let lastPacket = ordered ? -1 : Number.POSITIVE_INFINITY
    if (ordered) for (const packet of needed) lastPacket = Math.max(lastPacket, packet)
    let place = from
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
        const isTarget = needed.has(this.#position) || this.#position === keyframe?.at
        if (ordered && this.#skipsUnreferenced) this.#decoder.skip(isTarget ? 'default' : 'noref')
        await this.#decoder.send(this.#packet)
        await this.#advance()
      }
      while (await this.#decoder.receive(this.#frame, flushing)) {
        this.counts.frames += 1
        seen += 1
        const position = Number(this.#frame.pts)
        if (keyframe?.at === position) {
          this.#startIsKeyframe = isKeyframe(this.#frame)
          if (!this.#startIsKeyframe) return place
        }
        const hidden = this.#index.hasHidden && this.#index.frameOf(position) < 0
        const index = ordered ? this.#index.frameOf(position) : shown
        if (hidden) {
          this.#frame.unref()
          continue
        }
        shown += 1
        // The decoder recovers gradually: frames that it reports as recovered may be inexact.
        if (keyframe && this.#startIsKeyframe === null && index > this.#index.frameOf(keyframe.at)) return place
        if (ordered && index < latest) {
          this.#index = this.#index.inDecodingOrder()
          return place
        }
        latest = index
        const damaged = this.#frame.decodeErrorFlags !== 0 || this.#frame.hasFlags(AV_FRAME_FLAG_CORRUPT)
        // Frames are returned in presentation order: one is missing.
        const next = wanted[place] as number
        if (index > next || (index === next && damaged && !acceptDamaged)) return place
        while (place < end && wanted[place] === index) {
          place += 1
          yield { index, frame: this.#frame, damaged }
          this.#signal.throwIfAborted()
        }
        this.#frame.unref()
        if (place === end) return end
      }
    }
    if (seen === 0 && keyframe === null && this.#position === null) this.#dead = true
    return place
  }

  /**
   * Asks the decoder which of the container's keyframes are real ones: it receives all packets, but decodes only keyframes. Returns whether
   * this is new information and changes the start of decoding.
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
    onNotice('Some keyframes of the file refer to earlier frames, so decoding starts earlier and takes longer.')
    return true
  }

  /** Reads up to the packet of a keyframe, or the first packet for null. */
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
    // The container's index is wrong or missing: read from the start without decoding.
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
   * Reads the next packet and stores its position in it; the decoder copies it to the frame. Frames of hidden packets are returned as well and
   * skipped by their position, because the first frame must show whether it is a keyframe.
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
      if (position < 0) continue // not in the index
      this.#packet.clearFlags(AV_PKT_FLAG_DISCARD)
      this.#packet.pts = BigInt(position)
      this.#position = position
      return
    }
  }
}
