/** What the container says of a packet with a picture, in the order of decoding. */
export interface PacketFacts {
  /** Presentation time in ticks of the stream; null where the container has none. */
  readonly pts: number | null
  readonly keyframe: boolean
  /** Outside the edit list: decoded because others refer to it, never shown. Defaults to false. */
  readonly hidden?: boolean
}

/** How far a frame may lie from its packet in number: no codec reorders more than 16 frames; fields and hidden frames add some. */
const MOST_REORDERED = 64

/** A packet that decoding can begin with: its position in decoding order and its presentation time in ticks. */
export interface Keyframe {
  readonly at: number
  readonly pts: number
}

/**
 * Where a stream's frames are: presentation order against decoding order. Hidden packets have a position in decoding order, and no frame.
 * `order` tells whether the packets say so themselves; where they do not (`decoding`), only decoding from the start can tell.
 */
export class FrameIndex {
  readonly count: number
  readonly order: 'timestamps' | 'decoding'
  /** Presentation times of the frames in ticks, ascending; empty without timestamps. */
  readonly #pts: Float64Array
  /** Position in decoding order of each frame in presentation order. */
  readonly #decodeAt: Int32Array
  /** The frame of each position in decoding order, -1 for hidden ones; empty when only decoding can tell. */
  readonly #frameOf: Int32Array
  /** Presentation times of all packets, ascending, and their positions in decoding order; empty when only decoding can tell. */
  readonly #packetPts: Float64Array
  readonly #packetAt: Int32Array
  /** In decoding order. */
  readonly #keyframes: readonly Keyframe[]

  /** With `timesAreOfDecoding` the times are right, but not those of their packets: only decoding tells which frame has which. */
  constructor(packets: readonly PacketFacts[], timesAreOfDecoding = false) {
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

  /** The position in decoding order of the packet with exactly this presentation time, or -1. */
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

  /** The frame of a packet by its position in decoding order; -1 for hidden ones. */
  frameOf(position: number): number {
    return this.#frameOf[position] ?? -1
  }

  decodeAt(frame: number): number {
    return this.#decodeAt[frame] ?? -1
  }

  /**
   * The packet that decoding has to begin with so that `frame` comes out right: the last keyframe that is both decoded and
   * shown no later (frames shown before a keyframe but decoded after it may need what came before it). With `earlier`, so
   * many keyframes before that one. Null when there is none: begin with the file.
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

  /** The same with only those keyframes whose positions are among `confirmed`. */
  withKeyframes(confirmed: ReadonlySet<number>): FrameIndex {
    return new FrameIndex(this.#packets().map((packet, at) => ({ ...packet, keyframe: packet.keyframe && confirmed.has(at) })))
  }

  /** The same where packets turned out not to have the times of their own frames. */
  inDecodingOrder(): FrameIndex {
    return this.order === 'decoding' ? this : new FrameIndex(this.#packets(), true)
  }

  /** What it was made from; only where the packets tell the order. */
  #packets(): PacketFacts[] {
    const keyframes = new Set(this.#keyframes.map(({ at }) => at))
    const packets = new Array<PacketFacts>(this.#packetAt.length)
    for (const [i, at] of this.#packetAt.entries())
      packets[at] = { pts: this.#packetPts[i] as number, keyframe: keyframes.has(at), hidden: this.frameOf(at) < 0 }
    return packets
  }
}

function ascends(times: Float64Array): boolean {
  return times.every((time, i) => i === 0 || time > (times[i - 1] as number))
}

/** Whether hidden packets lie before and after what is shown only: otherwise several edits follow one another, each decoded from a place of its own. */
function isOneStretch(byTime: Int32Array, shown: (at: number) => boolean): boolean {
  const first = byTime.findIndex(shown)
  const last = byTime.findLastIndex(shown)
  return byTime.subarray(Math.max(0, first), last + 1).every(shown)
}

/** Decoding positions in the order of presentation; null when a time is missing or a packet lies too far from its frame. */
function sortedByTime(packets: readonly PacketFacts[]): Int32Array | null {
  const order = new Int32Array(packets.length)
  for (const [at, { pts }] of packets.entries()) {
    if (pts === null) return null
    // Nearly sorted already: each moves a few places towards the front.
    let place = at
    for (; place > 0 && (packets[order[place - 1] as number]?.pts ?? 0) > pts; place -= 1) order[place] = order[place - 1] as number
    if (at - place > MOST_REORDERED) return null
    order[place] = at
  }
  return order
}
