import type { MediaInfo, RgbImage } from './types.ts'

export type Rotation = MediaInfo['rotation']

/**
 * Clockwise degrees by which a display matrix (nine 32-bit numbers of fixed point, as FFmpeg keeps it) turns the picture,
 * to the nearest quarter. Null and damaged matrices turn nothing.
 */
export function matrixRotation(matrix: Uint8Array | null): Rotation {
  if (!matrix || matrix.length < 36) return 0
  const view = new DataView(matrix.buffer, matrix.byteOffset, 36)
  const [a, b, d, e] = [0, 1, 3, 4].map((i) => view.getInt32(i * 4, true) / 65536) as [number, number, number, number]
  const scaleX = Math.hypot(a, d)
  const scaleY = Math.hypot(b, e)
  if (scaleX === 0 || scaleY === 0) return 0
  const degrees = (Math.atan2(b / scaleY, a / scaleX) * 180) / Math.PI
  return ((((Math.round(degrees / 90) * 90) % 360) + 360) % 360) as Rotation
}

/** Turned clockwise. Not turning gives the very picture. */
export function rotate(image: RgbImage, rotation: Rotation): RgbImage {
  if (rotation === 0) return image
  const { width, height, rgb } = image
  const out = new Uint8Array(rgb.length)
  // Where the first pixel goes, and how far its right and its lower neighbour are from there, in pixels of the result.
  const [origin, right, down] = {
    90: [height - 1, height, -1],
    180: [width * height - 1, -1, -width],
    270: [(width - 1) * height, -height, 1],
  }[rotation] as [number, number, number]
  let from = 0
  for (let y = 0; y < height; y += 1) {
    let to = (origin + y * down) * 3
    for (let x = 0; x < width; x += 1) {
      out[to] = rgb[from] as number
      out[to + 1] = rgb[from + 1] as number
      out[to + 2] = rgb[from + 2] as number
      from += 3
      to += right * 3
    }
  }
  const sideways = rotation !== 180
  return { width: sideways ? height : width, height: sideways ? width : height, rgb: out }
}
