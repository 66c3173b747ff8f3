/** What the container says of a packet with a picture, in the order of decoding. */
export interface PacketFacts {
  /** Presentation time in ticks of the stream; null where the container has none. */
  readonly pts: number | null
  readonly keyframe: boolean
}

/** How far a frame may lie from its packet in number: no codec reorders more than 16 frames; fields and hidden frames add some. */
const MOST_REORDERED = 64

/**
 * Where a stream's frames are: presentation order against decoding order.
 * `order` tells whether the packets say so themselves; where they do not (`decoding`), only decoding from the start can tell.
 */
export class FrameIndex {
  readonly count: number
  readonly order: 'timestamps' | 'decoding'
  /** Presentation times in ticks, ascending; empty without timestamps. */
  readonly #pts: Float64Array
  /** Position in decoding order of each frame in presentation order. */
  readonly #decodeAt: Int32Array
  /** Decoding positions of keyframes, ascending, and the frames they are. */
  readonly #keyframes: readonly { readonly decodeAt: number; readonly frame: number }[]

  constructor(packets: readonly PacketFacts[]) {
    this.count = packets.length
    const byTime = sortedByTime(packets)
    const pts = Float64Array.from(byTime ?? [], (at) => packets[at]?.pts ?? Number.NaN)
    const sound = byTime !== null && pts.every((time, i) => i === 0 || time > (pts[i - 1] as number))
    this.order = sound ? 'timestamps' : 'decoding'
    this.#pts = sound ? pts : new Float64Array()
    this.#decodeAt = sound ? byTime : Int32Array.from(packets.keys())
    const keyframes: { decodeAt: number; frame: number }[] = []
    for (const [frame, at] of this.#decodeAt.entries()) if (packets[at]?.keyframe) keyframes.push({ decodeAt: at, frame })
    this.#keyframes = keyframes.sort((a, b) => a.decodeAt - b.decodeAt)
  }

  /** Presentation time in ticks; null without timestamps. */
  ptsOf(frame: number): number | null {
    return this.#pts[frame] ?? null
  }

  /** The frame with exactly this presentation time, or -1. */
  frameAt(pts: number): number {
    let low = 0
    let high = this.#pts.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const there = this.#pts[middle] as number
      if (there === pts) return middle
      if (there < pts) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  decodeAt(frame: number): number {
    return this.#decodeAt[frame] ?? -1
  }

  /**
   * The frame that decoding has to begin with so that `frame` comes out right: the last keyframe that is both decoded and
   * shown no later (frames shown before a keyframe but decoded after it may need what came before it). With `earlier`, so
   * many keyframes before that one. -1 when there is none: begin with the file.
   */
  keyframeFor(frame: number, earlier = 0): number {
    const at = this.decodeAt(frame)
    let low = 0
    let high = this.#keyframes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keyframes[middle]?.decodeAt ?? 0) <= at) low = middle + 1
      else high = middle
    }
    let found = low - 1
    while (found >= 0 && (this.#keyframes[found]?.frame ?? 0) > frame) found -= 1
    return this.#keyframes[found - earlier]?.frame ?? -1
  }
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
