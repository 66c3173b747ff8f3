import type { Estimate } from '../../shared/estimate.ts'
import type { Speeds } from './speeds.ts'

/** What a run has to do. */
export interface Work {
  /** Patches through the tower; 0 where the clip is held already. */
  readonly patches: number
  /** Tokens and rows before the answer that are not held yet. */
  readonly prefilled: number
  /** Tokens of the longest answer. */
  readonly answer: number
}

/** How long it takes at these speeds, decoding not counted; null while one of them is not known. */
export function secondsOf({ patch, prefilled, generated }: Speeds, work: Work): Estimate['seconds'] {
  if (patch === undefined || prefilled === undefined || generated === undefined) return null
  const encode = (patch * work.patches) / 1000
  const prefill = (prefilled * work.prefilled) / 1000
  const firstToken = encode + prefill + generated / 1000
  return { encode, prefill, firstToken, all: firstToken + (generated * Math.max(0, work.answer - 1)) / 1000 }
}
