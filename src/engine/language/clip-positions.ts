import type { PositionKind } from './types.ts'

/** Tokens of a frame: rows and columns of the grid, and the number of embedding rows, including separators if the model has them. */
interface PictureTokens {
  readonly grid: readonly [rows: number, columns: number]
  readonly rows: number
}

/**
 * Positions of the rows of one frame, in three planes t, h, w.
 * - `grid` (M-RoPE, Qwen2-VL's `get_rope_index`): t is the start of the clip plus the index of the frame in the clip; h and w are the start
 * plus row and column of the token.
 * - `line`: consecutive positions, as for text; all planes are equal.
 * @returns the planes one after another, [3, rows]
 */
export function framePlanes(
  kind: PositionKind,
  start: number,
  frame: number,
  { grid: [rows, columns], rows: count }: PictureTokens,
): Int32Array {
  if (kind === 'line') return linePlanes(start + frame * count, count)
  const planes = new Int32Array(3 * count)
  planes.fill(start + frame, 0, count)
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

/** Position after a clip of `frames` frames: greater than all positions in any plane. */
export function positionAfterClip(kind: PositionKind, start: number, frames: number, { grid, rows }: PictureTokens): number {
  return start + (kind === 'line' ? frames * rows : Math.max(frames, ...grid))
}
