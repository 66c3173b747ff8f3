import { countUntil } from '../../../shared/count-until.ts'
import type { FrameIndex } from '../frame-index.ts'

/** Part of a clip in seconds from its first frame; `end` is not included. */
export interface TimeRange {
  readonly start: number
  readonly end: number
}

/**
 * How a piece is cut. `copy`: packets are copied, from the last keyframe at or before the start. `exact`: exactly the frames of the range, which are encoded again
 * unless they can be copied as they are.
 */
export type CutMode = 'copy' | 'exact'

/** The packets of a piece whose frames are copied. */
export interface CopiedPackets {
  /** Presentation time in ticks of the keyframe at which they start. */
  readonly from: number
  /** Number of packets in decoding order, from that keyframe. */
  readonly count: number
  /** Whether these are exactly the frames of the piece in the order in which they are shown. Otherwise frames are reordered, hidden or left out. */
  readonly inOrder: boolean
}

/** Which frames a piece contains, and whether they are copied. */
export interface PieceFrames {
  /** Index of the first frame. */
  readonly first: number
  /** Index of the last frame. */
  readonly last: number
  /** When the first frame is shown and the last one ends, in seconds from the clip's first frame. */
  readonly range: TimeRange
  /** Null if the frames have to be encoded again. */
  readonly copied: CopiedPackets | null
}

/** Frame times of a clip. */
export interface ClipTimes {
  /** Seconds from the first frame, ascending. */
  readonly times: readonly number[]
  /** Seconds. */
  readonly duration: number
}

/** Times closer than this are the same: half of the coarsest container's unit. */
const SAME = 0.0005

/** The frames that are on screen during a range: from the one that is shown at its start to the last one that is shown before its end; at least one. */
export function framesIn({ times }: ClipTimes, { start, end }: TimeRange): { readonly first: number; readonly last: number } {
  const first = Math.max(0, countUntil(times, start + SAME) - 1)
  return { first, last: Math.max(first, countUntil(times, end - SAME) - 1) }
}

/**
 * Decides which frames a piece has and whether they are copied.
 * @param index null if the clip's packets cannot be copied
 */
export function planFramesOf(clip: ClipTimes, index: FrameIndex | null, range: TimeRange, mode: CutMode): PieceFrames {
  const { first, last } = framesIn(clip, range)
  const copy = index && copyOf(index, first, last)
  const taken = copy && (mode === 'copy' || (copy.first === first && copy.last === last)) ? copy : { first, last, copied: null }
  return { ...taken, range: { start: clip.times[taken.first] ?? 0, end: clip.times[taken.last + 1] ?? clip.duration } }
}

/**
 * The smallest stretch of packets that starts at a keyframe and contains these frames, with further ones until no frame between the first and the last is
 * missing. Null if there is none.
 */
function copyOf(index: FrameIndex, first: number, last: number): Omit<PieceFrames, 'range'> | null {
  if (index.order !== 'timestamps') return null
  const keyframe = index.keyframeFor(first)
  const start = keyframe ? index.frameOf(keyframe.at) : -1
  if (!keyframe || start < 0) return null // also if an edit list hides the keyframe
  let end = last
  let packets = 0
  for (let grown = true; grown; ) {
    let position = keyframe.at
    for (let frame = start; frame <= end; frame += 1) position = Math.max(position, index.decodeAt(frame))
    packets = position - keyframe.at + 1
    let latest = end
    for (let at = keyframe.at; at <= position; at += 1) latest = Math.max(latest, index.frameOf(at))
    grown = latest > end
    end = latest
  }
  let inOrder = true
  for (let frame = start; frame <= end; frame += 1) inOrder &&= index.decodeAt(frame) === keyframe.at + frame - start
  return { first: start, last: end, copied: { from: keyframe.pts, count: packets, inOrder } }
}
