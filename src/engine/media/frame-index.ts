/** Metadata of a video packet, in decoding order. */
export interface PacketMetadata {
  /** Presentation time in ticks of the stream; null if the container has none. */
  readonly pts: number | null
  readonly keyframe: boolean
  /** Outside the edit list: decoded because other frames refer to it, but not shown. Defaults to false. */
  readonly hidden?: boolean
}

/** Maximum distance of a frame from its packet: no codec reorders more than 16 frames; fields and hidden frames add some. */
const MAX_REORDERED = 64

/** A packet at which decoding can start: its position in decoding order and its presentation time in ticks. */
export interface Keyframe {
  readonly at: number
  readonly pts: number
}

/**
 * Maps presentation order to decoding order. Hidden packets have a position in decoding order, but no frame.
 * `order` is `decoding` if the packets do not determine the order, so that frames have to be decoded from the start.
 */
export class FrameIndex {
  readonly count: number
  readonly order: 'timestamps' | 'decoding'
  /** Presentation times of the frames in ticks, ascending; empty without timestamps. */
  readonly #pts: Float64Array
  /** Position in decoding order of each frame in presentation order. */
  readonly #decodeAt: Int32Array
  /** Frame of each position in decoding order, -1 for hidden packets; empty if only decoding determines it. */
  readonly #frameOf: Int32Array
  /** Presentation times of all packets, ascending, with their positions in decoding order; empty if only decoding determines them. */
  readonly #packetPts: Float64Array
  readonly #packetAt: Int32Array
  /** In decoding order. */
  readonly #keyframes: readonly Keyframe[]

  /** With `timesAreOfDecoding` the set of times is right, but packets do not have the times of their own frames. */
  constructor(packets: readonly PacketMetadata[], timesAreOfDecoding = false) {
    const shown = (at: number) => packets[at]?.hidden !== true
    const byTime = sortedByTime(packets)
    const times = Float64Array.from(byTime ?? [], (at) => packets[at]?.pts ?? Number.NaN)
    const sound = !timesAreOfDecoding && byTime !== null && ascends(times) && isOneStretch(byTime, shown)
    this.order = sound ? 'timestamps' : 'decoding'
    this.#decodeAt = (sound ? byTime : Int32Array.from(packets.keys())).filter(shown)
    this.count = this.#decodeAt.length
    this.#pts = times.filter((_, i) => shown((byTime as Int32Array)[i] as number))
    this.#packetPts = sound ? times : new Float64Array()
    this.#packetAt = sound ? byTime : new Int32Array()
    this.#frameOf = new Int32Array(packets.length).fill(-1)
    for (const [frame, at] of this.#decodeAt.entries()) this.#frameOf[at] = frame
    this.#keyframes = packets.flatMap(({ keyframe, pts }, at) => (keyframe ? [{ at, pts: pts ?? 0 }] : []))
  }

  get hasHidden(): boolean {
    return this.count < this.#frameOf.length
  }

  get keyframeCount(): number {
    return this.#keyframes.length
  }

  /** Presentation time in ticks; null without timestamps. */
  ptsOf(frame: number): number | null {
    return this.#pts[frame] ?? null
  }

  /** Position in decoding order of the packet with exactly this presentation time, or -1. */
  positionOf(pts: number): number {
    let low = 0
    let high = this.#packetPts.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const there = this.#packetPts[middle] as number
      if (there === pts) return this.#packetAt[middle] as number
      if (there < pts) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** Frame of the packet at a position in decoding order; -1 for hidden packets. */
  frameOf(position: number): number {
    return this.#frameOf[position] ?? -1
  }

  decodeAt(frame: number): number {
    return this.#decodeAt[frame] ?? -1
  }

  /**
   * The packet at which decoding must start to get `frame`: the last keyframe that is neither decoded nor
   * shown later (frames shown before a keyframe but decoded after it may refer to earlier frames). `earlier` selects a keyframe
   * that many before it. Null if there is none: start at the beginning of the file.
   */
  keyframeFor(frame: number, earlier = 0): Keyframe | null {
    const at = this.decodeAt(frame)
    const pts = this.ptsOf(frame) ?? 0
    let low = 0
    let high = this.#keyframes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keyframes[middle]?.at ?? 0) <= at) low = middle + 1
      else high = middle
    }
    let found = low - 1
    while (found >= 0 && (this.#keyframes[found]?.pts ?? 0) > pts) found -= 1
    return this.#keyframes[found - earlier] ?? null
  }

  /** The same index with only the keyframes at `confirmed` positions. */
  withKeyframes(confirmed: ReadonlySet<number>): FrameIndex {
    return new FrameIndex(this.#packets().map((packet, at) => ({ ...packet, keyframe: packet.keyframe && confirmed.has(at) })))
  }

  /** The same index for a stream whose packets do not have the times of their own frames. */
  inDecodingOrder(): FrameIndex {
    return this.order === 'decoding' ? this : new FrameIndex(this.#packets(), true)
  }

  /** The packets of the index; only if they determine the order. */
  #packets(): PacketMetadata[] {
    const keyframes = new Set(this.#keyframes.map(({ at }) => at))
    const packets = new Array<PacketMetadata>(this.#packetAt.length)
    for (const [i, at] of this.#packetAt.entries())
      packets[at] = { pts: this.#packetPts[i] as number, keyframe: keyframes.has(at), hidden: this.frameOf(at) < 0 }
    return packets
  }
}

function ascends(times: Float64Array): boolean {
  return times.every((time, i) => i === 0 || time > (times[i - 1] as number))
}

/** Whether hidden packets are only before and after the shown ones. Otherwise there are several edits, each decoded from its own start. */
function isOneStretch(byTime: Int32Array, shown: (at: number) => boolean): boolean {
  const first = byTime.findIndex(shown)
  const last = byTime.findLastIndex(shown)
  return byTime.subarray(Math.max(0, first), last + 1).every(shown)
}

/** Decoding positions in presentation order; null if a time is missing or a packet is too far from its frame. */
function sortedByTime(packets: readonly PacketMetadata[]): Int32Array | null {
  const order = new Int32Array(packets.length)
  for (const [at, { pts }] of packets.entries()) {
    if (pts === null) return null
    // Insertion sort, because the packets are nearly sorted.
    let place = at
    for (; place > 0 && (packets[order[place - 1] as number]?.pts ?? 0) > pts; place -= 1) order[place] = order[place - 1] as number
    if (at - place > MAX_REORDERED) return null
    order[place] = at
  }
  return order
}
