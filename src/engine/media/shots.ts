import { TarsierError } from '../../shared/errors.ts'
import { CutFinder, type FrameDifference } from './cut-finder.ts'
import { openClip } from './open-clip.ts'
import { SceneFilter } from './scene-filter.ts'
import type { Clip } from './types.ts'
import { VideoClip } from './video-clip.ts'

/** The smallest value that FFmpeg recommends. Cuts in films and between drawn scenes differed by at least 8.7, and a large object that appears by 7.2. */
const DEFAULT_THRESHOLD = 8
const PROGRESS_MS = 200
/** Damaged stretches that are closer than this are reported as one. */
const DAMAGE_GAP_SECONDS = 1

/** A part of a clip without a cut. Times are seconds from the first frame, by the stream's timestamps. */
export interface Shot {
  readonly start: number
  /** Time of the next shot's first frame, or the end of the clip. */
  readonly end: number
  readonly firstFrame: number
  /** The frame after the last one. */
  readonly endFrame: number
  /** Mean difference of the first frame from the previous one, from 0 to 100; 0 at the start of the clip. */
  readonly difference: number
}

/** `shot` events come in order and cover the whole clip. */
export type ShotEvent =
  | { readonly kind: 'shot'; readonly shot: Shot }
  | { readonly kind: 'progress'; readonly seconds: number; readonly duration: number }
  | { readonly kind: 'notice'; readonly text: string }

export interface ShotOptions {
  /** How much a frame's mean difference from the previous one, from 0 to 100, must exceed those nearby for a new shot. Defaults to 8. */
  readonly threshold?: number | undefined
}

/**
 * Finds the hard cuts of a clip, exact to a frame, in one pass that decodes every frame at reduced quality. Memory does not grow with the clip, except
 * for its index. Dissolves and fades are not found, nor are all shots of less than a fifth of a second. Animations, images and folders of images are
 * one shot. Throws as `openClip` does, and `no-frames` if nothing can be decoded.
 */
export async function* findShots(source: string | Clip, options: ShotOptions, signal: AbortSignal): AsyncGenerator<ShotEvent, void> {
  if (typeof source === 'string') {
    await using clip = await openClip(source, signal)
    yield* findShots(clip, options, signal)
    return
  }
  const { frameCount, duration, kind } = source.info
  if (source instanceof VideoClip && kind === 'video') yield* videoShots(source, options, signal)
  else yield { kind: 'shot', shot: { start: 0, end: duration, firstFrame: 0, endFrame: frameCount, difference: 0 } }
}

async function* videoShots(
  clip: VideoClip,
  { threshold = DEFAULT_THRESHOLD }: ShotOptions,
  signal: AbortSignal,
): AsyncGenerator<ShotEvent, void> {
  const { frameCount, duration, path, codec } = clip.info
  using filter = new SceneFilter(clip.storedSize)
  const finder = new CutFinder(threshold)
  let shot: Omit<Shot, 'end' | 'endFrame'> = { start: 0, firstFrame: 0, difference: 0 }
  let lost = null as Stretch | null
  let decoded = 0
  let reported = performance.now()
  const nextShot = ({ index, time, difference }: FrameDifference): ShotEvent => {
    const ended = { ...shot, end: time, endFrame: index }
    shot = { start: time, firstFrame: index, difference }
    return { kind: 'shot', shot: ended }
  }
  for await (const { index, time, frame } of clip.passOver(signal)) {
    if (lost && time > lost.end + DAMAGE_GAP_SECONDS) {
      yield damageNotice(lost)
      lost = null
    }
    const difference = frame && (await filter.difference(frame))
    if (difference === null) lost = { start: lost?.start ?? time, end: time }
    else {
      decoded += 1
      for (const cut of finder.add({ index, time, difference })) yield nextShot(cut)
    }
    if (performance.now() < reported + PROGRESS_MS) continue
    reported = performance.now()
    yield { kind: 'progress', seconds: time, duration }
  }
  if (decoded === 0) {
    throw new TarsierError(
      'no-frames',
      `No frame of ${path} can be decoded. The file is damaged, or its codec (${codec}) is not supported.`,
    )
  }
  if (lost) yield damageNotice(lost)
  for (const cut of finder.end()) yield nextShot(cut)
  yield { kind: 'progress', seconds: duration, duration }
  yield { kind: 'shot', shot: { ...shot, end: duration, endFrame: frameCount } }
}

interface Stretch {
  readonly start: number
  readonly end: number
}

function damageNotice({ start, end }: Stretch): ShotEvent {
  const [from, to] = [start, end].map((time) => Number(time.toFixed(2)))
  return { kind: 'notice', text: `Frames from ${from} to ${to} seconds cannot be decoded; shot changes in this range may be missed.` }
}
