import type { GifFile, GifFrame } from './gif-file.ts'
import { decodeLzw } from './gif-lzw.ts'

/** Rows of an interlaced picture come in four passes. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const

/**
 * Puts a GIF's pictures one over the other, with the colours Pillow's `convert('RGB')` gives: where nothing was drawn the first
 * palette's transparent colour or its first one, not black or white.
 */
export class GifCanvas {
  readonly #bytes: Uint8Array
  readonly #file: GifFile
  readonly rgb: Uint8Array
  /** Number of the next picture. */
  next = 0
  #dispose: (() => void) | null = null

  constructor(bytes: Uint8Array, file: GifFile) {
    this.#bytes = bytes
    this.#file = file
    this.rgb = new Uint8Array(file.width * file.height * 3)
  }

  /** Draws the next picture; false when its data is damaged or not complete. */
  draw(): boolean {
    const frame = this.#file.frames[this.next]
    if (!frame) throw new RangeError(`a GIF of ${this.#file.frames.length} pictures has no number ${this.next}`)
    this.#dispose?.()
    if (this.next === 0) this.#fill(0, 0, this.#file.width, this.#file.height, colour(frame, frame.transparent ?? 0))
    this.#dispose = this.#disposal(frame)
    this.next += 1
    const pixels = new Uint8Array(frame.width * frame.height).fill(frame.transparent ?? 0)
    const count = decodeLzw(this.#bytes, frame.data, frame.codeBits, pixels)
    this.#blit(frame, pixels, this.next === 1)
    return count === pixels.length
  }

  #blit(frame: GifFrame, pixels: Uint8Array, first: boolean): void {
    const table = new Uint8Array(768)
    for (let i = 0; i < 256; i += 1) table.set(colour(frame, i), i * 3)
    const rows = frame.interlaced ? PASSES.flatMap(([from, step]) => range(from, frame.height, step)) : range(0, frame.height, 1)
    let from = 0
    for (const row of rows) {
      let to = ((frame.top + row) * this.#file.width + frame.left) * 3
      for (let x = 0; x < frame.width; x += 1, from += 1, to += 3) {
        const index = pixels[from] as number
        if (index === frame.transparent && !first) continue
        this.rgb[to] = table[index * 3] as number
        this.rgb[to + 1] = table[index * 3 + 1] as number
        this.rgb[to + 2] = table[index * 3 + 2] as number
      }
    }
  }

  /** What has to be done before the picture after this one; looks at the canvas as it is before this one. */
  #disposal(frame: GifFrame): (() => void) | null {
    const { left, top, width, height, transparent } = frame
    if (frame.disposal < 2) return null
    if (frame.disposal === 2) {
      // A background beyond the palette: Pillow takes its first colour, but black for the first picture.
      const index = transparent ?? this.#file.background
      const fill = colour(frame, this.next > 0 && index * 3 + 3 > frame.palette.length ? 0 : index)
      return () => this.#fill(left, top, width, height, fill)
    }
    if (this.next === 0) return transparent === null ? null : () => this.#fill(left, top, width, height, colour(frame, transparent))
    const stride = this.#file.width * 3
    const kept = range(top, top + height, 1).map((y) => this.rgb.slice(y * stride + left * 3, y * stride + (left + width) * 3))
    return () => {
      for (const [y, row] of kept.entries()) this.rgb.set(row, (top + y) * stride + left * 3)
    }
  }

  #fill(left: number, top: number, width: number, height: number, [red, green, blue]: readonly number[]): void {
    for (let y = top; y < top + height; y += 1) {
      let at = (y * this.#file.width + left) * 3
      for (let x = 0; x < width; x += 1) {
        this.rgb[at] = red as number
        this.rgb[at + 1] = green as number
        this.rgb[at + 2] = blue as number
        at += 3
      }
    }
  }
}

function colour({ palette }: GifFrame, index: number): readonly number[] {
  const at = index * 3
  return at + 3 <= palette.length ? [palette[at] as number, palette[at + 1] as number, palette[at + 2] as number] : [0, 0, 0]
}

function range(from: number, end: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - from) / step)) }, (_, i) => from + i * step)
}
