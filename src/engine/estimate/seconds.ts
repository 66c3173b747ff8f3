import type { Estimate } from '../../shared/estimate.ts'
import type { Speeds } from './speeds.ts'

/** What a run has to do. */
export interface Work {
  /** Pixels through the decoder, and patches through the tower; 0 where the clip is held already. */
  readonly pixels: number
  readonly patches: number
  /** Tokens and rows before the answer that are not held yet. */
  readonly prefilled: number
  /** Tokens of the longest answer. */
  readonly answer: number
}

/**
 * How long it takes at these speeds; null while one of the model's is not known. `megapixel` is in milliseconds for a million pixels of
 * the clip's codec: while that is unknown decoding is not counted, and null. Stages are counted as if one came after the other: where they
 * overlap, a run is done sooner.
 */
export function secondsOf({ patch, prefilled, generated }: Speeds, megapixel: number | undefined, work: Work): Estimate['seconds'] {
  if (patch === undefined || prefilled === undefined || generated === undefined) return null
  const decode = work.pixels === 0 ? 0 : megapixel === undefined ? null : (megapixel * work.pixels) / 1e9
  const encode = (patch * work.patches) / 1000
  const prefill = (prefilled * work.prefilled) / 1000
  const firstToken = (decode ?? 0) + encode + prefill + generated / 1000
  return { decode, encode, prefill, firstToken, all: firstToken + (generated * Math.max(0, work.answer - 1)) / 1000 }
}
