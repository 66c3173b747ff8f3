import type { Canvas, Rgb } from '../../src/bench/moving-shapes/world.ts'

const MIN_DISTANCE = 70
const MAX_SIMILAR = 0.15

/** Returns whether an object of this colour stands out from a backdrop. */
export function seenOver({ width, height, rgb }: Canvas, [red, green, blue]: Rgb): boolean {
  let similar = 0
  for (let at = 0; at < rgb.length; at += 3) {
    const distance = Math.hypot((rgb[at] ?? 0) - red, (rgb[at + 1] ?? 0) - green, (rgb[at + 2] ?? 0) - blue)
    if (distance < MIN_DISTANCE) similar++
  }
  return similar <= MAX_SIMILAR * width * height
}
