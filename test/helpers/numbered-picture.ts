interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

const BITS = 9

/**
 * A picture that encodes a number: stripes, light for each bit that is 1, dark for 0, with the lower half inverted. Coarse enough for any
 * codec; turned or mirrored it reads as no number. `turned` is in clockwise quarters.
 */
export function numberedPicture(number: number, width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const bit = (number >> Math.floor((x * BITS) / width)) & 1
      const light = y < height / 2 ? bit : 1 - bit
      const at = (y * width + x) * 3
      rgb[at] = light ? 235 : 20
      rgb[at + 1] = light ? 220 : 25
      rgb[at + 2] = light ? 215 : 60
    }
  }
  return { width, height, rgb }
}

/** The number in a picture of {@link numberedPicture}; -1 if there is none. */
export function readNumber({ width, height, rgb }: Picture): number {
  let number = 0
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.floor(((bit + 0.5) * width) / BITS)
    const upper = rgb[(Math.floor(height / 4) * width + x) * 3 + 1] as number
    const lower = rgb[(Math.floor((3 * height) / 4) * width + x) * 3 + 1] as number
    if (Math.abs(upper - lower) < 60) return -1
    if (upper > lower) number |= 1 << bit
  }
  return number
}

export function* numberedPictures(count: number, width: number, height: number): Generator<Picture> {
  for (let number = 0; number < count; number += 1) yield numberedPicture(number, width, height)
}
