import type { MediaInfo, RgbImage } from './types.ts'

export type Rotation = MediaInfo['rotation']

/** How to make a stored image upright: mirror it horizontally if `mirrored`, then rotate it clockwise. */
export interface Orientation {
  readonly mirrored: boolean
  readonly rotation: Rotation
}

/**
 * Converts a display matrix (nine 32-bit fixed-point numbers, in FFmpeg's layout) to one of the eight orientations that
 * players support, the nearest one for other angles. Null and damaged matrices give no mirroring or rotation.
 */
export function matrixOrientation(matrix: Uint8Array | null): Orientation {
  const none = { mirrored: false, rotation: 0 } as const
  if (!matrix || matrix.length < 36) return none
  const view = new DataView(matrix.buffer, matrix.byteOffset, 36)
  // The matrix maps a point (x, y), y downwards, to (a x + c y, b x + d y).
  const [a, b, c, d] = [0, 1, 3, 4].map((i) => view.getInt32(i * 4, true)) as [number, number, number, number]
  const scaleX = Math.hypot(a, c)
  const scaleY = Math.hypot(b, d)
  const area = a * d - b * c
  if (scaleX === 0 || scaleY === 0 || area === 0) return none
  const mirrored = area < 0
  // Mirroring horizontally first negates x.
  const side = mirrored ? -1 : 1
  const angle = Math.atan2((side * b) / scaleY - c / scaleX, (side * a) / scaleX + d / scaleY)
  const degrees = (Math.round((angle * 2) / Math.PI) * 90 + 360) % 360
  return { mirrored, rotation: degrees as Rotation }
}

/** Returns the upright image; the same object if the orientation is the identity. */
export function upright(image: RgbImage, { mirrored, rotation }: Orientation): RgbImage {
  if (rotation === 0 && !mirrored) return image
  const { width, height, rgb } = image
  const out = new Uint8Array(rgb.length)
  // Position of the first pixel in the result, and the offsets of its right and lower neighbours, in pixels.
  let [origin, right, down] = {
    0: [0, 1, width],
    90: [height - 1, height, -1],
    180: [width * height - 1, -1, -width],
    270: [(width - 1) * height, -height, 1],
  }[rotation] as [number, number, number]
  if (mirrored) {
    origin += (width - 1) * right
    right = -right
  }
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
  const sideways = rotation % 180 !== 0
  return { width: sideways ? height : width, height: sideways ? width : height, rgb: out }
}
