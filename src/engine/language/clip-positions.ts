import type { PositionKind } from './types.ts'

/** A picture's tokens: rows and columns of the grid, and the rows of embeddings they become, with separators where a model has such. */
interface PictureTokens {
  readonly grid: readonly [rows: number, columns: number]
  readonly rows: number
}

/**
 * Positions of one frame's rows, each row's in three planes t, h, w.
 * - `grid` (M-RoPE, Qwen2-VL's `get_rope_index`): t is the clip's start plus the frame's number within the clip, h and w the start plus
 *   row and column of the token.
 * - `line`: one after the other, like a text's; the planes are equal.
 * @returns planes one after another, [3, rows]
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

/** Positions of a text's tokens: all three planes the same, counting on from `start`. */
export function linePlanes(start: number, count: number): Int32Array {
  return Int32Array.from({ length: 3 * count }, (_, i) => start + (i % count))
}

/** The position of whatever follows a clip of so many frames: past the greatest position any plane used. */
export function positionAfterClip(kind: PositionKind, start: number, frames: number, { grid, rows }: PictureTokens): number {
  return start + (kind === 'line' ? frames * rows : Math.max(frames, ...grid))
}
