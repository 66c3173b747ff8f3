/**
 * M-RoPE positions of one frame of a clip (Qwen2-VL's `get_rope_index`): t is the clip's start plus the frame's
 * number within the clip, h and w the start plus row and column of the merged grid.
 * @returns planes t, h, w one after another, [3, rows * columns]
 */
export function framePlanes(start: number, frame: number, rows: number, columns: number): Int32Array {
  const count = rows * columns
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

/** The position of whatever follows a clip of so many frames: past the greatest position any plane used. */
export function positionAfterClip(start: number, frames: number, rows: number, columns: number): number {
  return start + Math.max(frames, rows, columns)
}
