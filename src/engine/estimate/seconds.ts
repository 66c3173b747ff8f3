import type { Estimate } from '../../shared/estimate.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'
import { phrase } from '../../shared/phrase.ts'
import { counted, grouped } from '../../shared/size-text.ts'
import type { Speeds } from './speeds.ts'

/** Work of a run. */
export interface Work {
  /** Pixels to decode and patches to encode; 0 if the clip's embeddings already exist. */
  readonly pixels: number
  readonly patches: number
  /** Text and visual tokens before the answer that are not yet in the context. */
  readonly prefilled: number
  /** Maximum number of tokens of the answer. */
  readonly answer: number
  /** Whether the model has to be loaded first. Defaults to false. */
  readonly loads?: boolean
}

/**
 * Duration of a run at these speeds; null while one of the model's speeds is unknown. `megapixel` is milliseconds per million pixels of
 * the clip's codec; while it is unknown, `decode` is null and not included in the sums. Stages are assumed to run sequentially; a run is
 * faster if they overlap.
 */
export function secondsOf(
  { patch, prefilled, generated, load = 0, start = 0 }: Speeds,
  megapixel: number | undefined,
  work: Work,
): Estimate['seconds'] {
  if (patch === undefined || prefilled === undefined || generated === undefined) return null
  const decode = work.pixels === 0 ? 0 : megapixel === undefined ? null : (megapixel * work.pixels) / 1e9
  const encode = (patch * work.patches) / 1000
  const prefill = (prefilled * work.prefilled) / 1000
  const other = ((work.loads ? load : 0) + (work.patches > 0 ? start : 0)) / 1000
  const firstToken = other + (decode ?? 0) + encode + prefill + generated / 1000
  return { other, decode, encode, prefill, firstToken, all: firstToken + (generated * Math.max(0, work.answer - 1)) / 1000 }
}

/** Seconds that a clip takes before the first word, from which smaller settings are named. */
const SLOW = 60

/** What of a clip decides how long it takes. */
export interface ClipSize {
  readonly visualTokens: number
  readonly frames: number
  /** Whether frames can have fewer pixels. */
  readonly shrinks: boolean
}

/** Notice for a clip that takes minutes before the first word; empty for others, if that is unknown, and if the clip cannot be smaller. */
export function slowClipAdvice({ visualTokens, frames, shrinks }: ClipSize, seconds: Estimate['seconds'], { prefilled }: Work): string[] {
  if (seconds === null) return []
  const clip = seconds.encode + seconds.prefill * Math.min(1, visualTokens / Math.max(1, prefilled))
  const less = lessOf(frames > 1, shrinks)
  if (clip < SLOW || less === null) return []
  const time = counted(Math.round(clip / 60), 'minute')
  return [`The ${grouped(visualTokens)} tokens of the clip take about ${time} until the first word. With ${less} it comes sooner.`]
}

function lessOf(frames: boolean, pixels: boolean): string | null {
  if (frames && pixels) return phrase`fewer frames or fewer pixels per frame`
  if (frames) return phrase`fewer frames`
  return pixels ? phrase`fewer pixels per frame` : null
}

/**
 * Seconds of the pass that finds a clip's shots (`findShots`); null while its codec's speed is unknown. Every frame is decoded, but at reduced quality and
 * not converted at full size: per pixel it took 0.6 to 1.5 times as long as decoding chosen frames.
 */
export function shotSeconds({ kind, frameCount, width, height }: MediaMetadata, megapixel: number | undefined): number | null {
  if (kind !== 'video') return 0
  return megapixel === undefined ? null : (megapixel * frameCount * width * height) / 1e9
}
