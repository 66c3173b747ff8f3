import type { Mark, PositionKind } from './types.ts'

/** Tokens of a slice of a clip: rows and columns of the grid, and the number of embedding rows, including separators if the model has them. */
export interface SliceTokens {
  readonly grid: readonly [rows: number, columns: number]
  readonly rows: number
  /** If slices have positions by their time; otherwise each is one position after the one before. */
  readonly pace?: SlicePace | undefined
}

/** Seconds from slice to slice, and positions per second. */
export interface SlicePace {
  readonly seconds: number
  readonly positionsPerSecond: number
}

/**
 * Positions of the rows of one slice, in three planes t, h, w.
 * - `grid` (M-RoPE, `get_rope_index` of Qwen2-VL and Qwen2.5-VL): t is the start of the clip plus the slice's index in the clip or its time; h and w are
 * the start plus row and column of the token.
 * - `line`: consecutive positions, as for text; all planes are equal.
 * @returns the planes one after another, [3, rows]
 */
export function slicePlanes(kind: PositionKind, start: number, slice: number, tokens: SliceTokens): Int32Array {
  const {
    grid: [rows, columns],
    rows: count,
    pace,
  } = tokens
  if (kind === 'line') return linePlanes(start + slice * count, count)
  const planes = new Int32Array(3 * count)
  planes.fill(start + stepOf(slice, pace), 0, count)
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 1) {
      planes[count + at] = start + row
      planes[2 * count + at] = start + column
    }
  }
  return planes
}

/** Positions of text tokens: consecutive from `start`, equal in all three planes. */
export function linePlanes(start: number, count: number): Int32Array {
  return Int32Array.from({ length: 3 * count }, (_, i) => start + (i % count))
}

/**
 * Position after a clip of `slices` slices: greater than all positions in any plane. So Qwen2-VL and Qwen2.5-VL were published (transformers 4.49.0,
 * modeling_qwen2_5_vl.py, line 1676). transformers 5.24.0 counts only rows and columns, so that the text after a long clip would share positions with it.
 */
export function positionAfterClip(kind: PositionKind, start: number, slices: number, { grid, rows, pace }: SliceTokens): number {
  if (kind === 'line') return start + slices * rows
  return start + Math.max(slices === 0 ? 0 : stepOf(slices - 1, pace) + 1, ...grid)
}

/** Number of text tokens before each slice of a clip, or null if slices follow each other without text. */
export type SliceLeads = readonly number[] | null

/**
 * The point after `slices` slices of a clip that starts at `head`. Text between slices has positions like other text, and a slice after it starts anew at
 * the position that follows (`get_rope_index` of Qwen3-VL).
 */
export function markAfterClip(kind: PositionKind, head: Mark, slices: number, tokens: SliceTokens, leads: SliceLeads = null): Mark {
  const between = leadTokens(leads, slices)
  const cells = head.cells + slices * tokens.rows + between
  if (leads === null) return { cells, position: positionAfterClip(kind, head.position, slices, tokens) }
  return { cells, position: head.position + slices * positionAfterClip(kind, 0, 1, tokens) + between }
}

/** Number of text tokens before the first `slices` slices together. */
export function leadTokens(leads: SliceLeads, slices = leads?.length ?? 0): number {
  return leads?.slice(0, slices).reduce((sum, count) => sum + count, 0) ?? 0
}

/** Steps in time from the first slice, with the reference's rounding to 32 bits. */
function stepOf(slice: number, pace: SlicePace | undefined): number {
  if (slice === 0 || !pace) return slice
  return Math.trunc(Math.fround(Math.fround(slice * Math.fround(pace.seconds)) * pace.positionsPerSecond))
}
