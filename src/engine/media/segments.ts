import type { ClipRange } from '../../shared/frame-request.ts'
import { openClip } from './open-clip.ts'
import { firstFrameFrom, frameOnScreen, type Timeline } from './sampling.ts'
import type { ShotEvent } from './shots.ts'
import type { Clip } from './types.ts'

/** Relative to the whole clip: lengths that differ by rounding only count as equal. */
const ROUNDING = 1e-9

export interface SegmentOptions {
  /** Duration of the clip in seconds; 0 for an image. */
  readonly duration: number
  /** Maximum length of a segment in seconds, including its overlap. Defaults to 16. */
  readonly maxSeconds?: number
  /** Shorter shots are joined with a neighbour if the result is not too long. Defaults to 2. */
  readonly minSeconds?: number
  /** Seconds that two parts of one shot share, because a motion may be cut there. At most half of `maxSeconds`. Defaults to 1. */
  readonly overlap?: number
}

/** A part of a clip that is described on its own, in seconds from the first frame. The last one includes the clip's last frame. */
export interface Segment {
  readonly start: number
  readonly end: number
  /** Seconds at the start that the previous segment contains as well; 0 at a shot change and at the start of the clip. */
  readonly overlap: number
}

/** A segment with its frames. */
export interface ClipSegment extends Segment {
  readonly frames: FrameRange
}

/** Frame numbers: the first, and the one after the last. */
export interface FrameRange extends Extract<ClipRange, { unit: 'frames' }> {
  readonly start: number
  readonly end: number
}

/** `segments` is the last event. */
export type SegmentEvent = Exclude<ShotEvent, { kind: 'shot' }> | { readonly kind: 'segments'; readonly segments: readonly ClipSegment[] }

export interface SegmentSearch {
  /** Maximum length of a segment in seconds. */
  readonly maxSeconds: number
  /** Whether segments begin at shot changes where there are some, which takes a pass over the clip. */
  readonly scenes: boolean
}

/** Divides a file into segments; see `segmentsOf`. Every frame is in a segment, and frames outside overlaps are in only one. Throws as `findShots` does. */
export async function* findSegments(
  path: string,
  { maxSeconds, scenes }: SegmentSearch,
  signal: AbortSignal,
): AsyncGenerator<SegmentEvent, void> {
  await using clip = await openClip(path, signal)
  const shots: { readonly start: number }[] = []
  if (scenes) {
    // Loaded when needed: only this part of the file uses FFmpeg.
    const { findShots } = await import('./shots.ts')
    for await (const event of findShots(clip, {}, signal)) {
      if (event.kind === 'shot') shots.push(event.shot)
      else yield event
    }
  }
  const timeline = timelineOf(clip)
  const segments = segmentsOf(shots, { duration: clip.info.duration, maxSeconds })
  yield { kind: 'segments', segments: segments.map((segment) => ({ ...segment, frames: segmentFrames(segment, timeline) })) }
}

function timelineOf(clip: Clip): Timeline {
  const { times } = clip.plan({ kind: 'indices', indices: Array.from({ length: clip.info.frameCount }, (_, index) => index) })
  return { ...clip.info, timeOf: (index) => times[index] ?? 0 }
}

/**
 * Divides a clip into segments, in order and without gaps. Shots of more than `maxSeconds` are cut into parts of equal length, which overlap; short
 * shots are joined with the shorter of the neighbours with which they are not too long. Without shots, the whole clip is one shot.
 */
export function segmentsOf(
  shots: readonly { readonly start: number }[],
  { duration, maxSeconds = 16, minSeconds = 2, overlap = 1 }: SegmentOptions,
): Segment[] {
  const shared = Math.min(overlap, maxSeconds / 2)
  const longest = maxSeconds + ROUNDING * duration
  const changes = shots.map(({ start }) => start).filter((start) => start > 0 && start < duration)
  const cuts = [0, ...new Set(changes.toSorted((a, b) => a - b)), duration]
  const pieces = cuts.slice(1).flatMap((end, i) => parts(cuts[i] as number, end, longest, shared))
  const segments: Segment[] = []
  for (let i = 0; i < pieces.length; i += 1) {
    const piece = pieces[i] as Segment
    const before = segments.at(-1)
    const after = pieces[i + 1]
    const [nearest] = (lengthOf(piece) < minSeconds ? [before, after] : [])
      .filter((neighbour) => neighbour !== undefined)
      .filter((neighbour) => lengthOf(joined(neighbour, piece)) <= longest)
      .toSorted((a, b) => lengthOf(a) - lengthOf(b))
    if (nearest === undefined) segments.push(piece)
    else if (nearest === before) segments[segments.length - 1] = joined(before, piece)
    else pieces[i + 1] = joined(nearest, piece)
  }
  return segments
}

/** The frames of a segment as a range of frame numbers; a shot's last segment does not contain the first frame of the next shot. */
export function segmentFrames({ start, end }: Segment, timeline: Timeline): FrameRange {
  const first = frameOnScreen(start, timeline)
  const last = end >= timeline.duration ? timeline.frameCount : firstFrameFrom(end, timeline)
  return { unit: 'frames', start: first, end: Math.max(first + 1, last) }
}

/** A shot in the smallest number of parts of equal length, each with an overlap with the previous one. */
function parts(start: number, end: number, longest: number, shared: number): Segment[] {
  const whole = end - start
  if (whole <= longest) return [{ start, end, overlap: 0 }]
  const count = Math.ceil((whole - shared) / (longest - shared))
  const step = (whole - shared) / count
  return Array.from({ length: count }, (_, i) => ({
    start: start + i * step,
    end: i === count - 1 ? end : start + (i + 1) * step + shared,
    overlap: i === 0 ? 0 : shared,
  }))
}

function joined(one: Segment, other: Segment): Segment {
  const [first, last] = one.start <= other.start ? [one, other] : [other, one]
  return { start: first.start, end: last.end, overlap: first.overlap }
}

function lengthOf({ start, end }: Segment): number {
  return end - start
}
