import type { Animation, AnimationCanvas, Pause } from './animation-clip.ts'
import { type GifFile, type GifFrame, parseGif } from './gif-file.ts'
import { LzwDecoder } from './gif-lzw.ts'

/** First row and row step of the four passes of an interlaced image. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const
/** The single pass of other images. */
const WHOLE = [[0, 1]] as const
/** Pixels drawn between two calls of `pause`. */
const PIXELS_AT_ONCE = 2 ** 18

/** Parses a GIF, also one with a single frame: its pixels are those of this canvas. */
export function gifAnimation(bytes: Uint8Array): Animation {
  const file = parseGif(bytes)
  return { ...file, format: 'gif', pixelFormat: 'pal8', canvas: () => new GifCanvas(bytes, file) }
}

/**
 * Composites a GIF's frames with the colours of Pillow's `convert('RGB')`: pixels that were not drawn have the first
 * palette's transparent colour or else its first colour, not black or white.
 */
export class GifCanvas implements AnimationCanvas {
  readonly #bytes: Uint8Array
  readonly #file: GifFile
  readonly #rgb: Uint8Array
  #next = 0
  #dispose: (() => void) | null = null
  /** Pixels under a frame that has to be undone. */
  #previous: Uint8Array = new Uint8Array()

  constructor(bytes: Uint8Array, file: GifFile) {
    this.#bytes = bytes
    this.#file = file
    this.#rgb = new Uint8Array(file.width * file.height * 3)
  }

  get next(): number {
    return this.#next
  }

  rgb(): Uint8Array {
    return this.#rgb.slice()
  }

  /** If a frame's data ends early, the rest of its area keeps the previous pixels. */
  async draw(pause: Pause): Promise<boolean> {
    const frame = this.#file.frames[this.#next]
    if (!frame) throw new RangeError(`a GIF of ${this.#file.frames.length} pictures has no number ${this.#next}`)
    this.#dispose?.()
    if (this.#next === 0) this.#fill(0, 0, this.#file.width, this.#file.height, colour(frame, frame.transparent ?? 0))
    this.#dispose = this.#disposal(frame)
    const first = this.#next === 0
    this.#next += 1
    const table = new Uint8Array(768)
    for (let i = 0; i < 256; i += 1) table.set(colour(frame, i), i * 3)
    const decoder = new LzwDecoder(this.#bytes, frame.data, frame.codeBits)
    const rowsAtOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / Math.max(1, frame.width)))
    const pixels = new Uint8Array(rowsAtOnce * frame.width)
    for (const [from, step] of frame.interlaced ? PASSES : WHOLE) {
      for (let row = from; row < frame.height; row += step * rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, Math.ceil((frame.height - row) / step))
        const wanted = rows * frame.width
        const count = decoder.read(pixels.subarray(0, wanted))
        this.#blit(frame, pixels.subarray(0, count), row, step, first ? null : frame.transparent, table)
        if (count < wanted) return false
        await pause()
      }
    }
    return true
  }

  /** Draws rows of a frame from `row` on in steps of `step`; the last row may be incomplete. */
  #blit(frame: GifFrame, pixels: Uint8Array, row: number, step: number, transparent: number | null, table: Uint8Array): void {
    const rgb = this.#rgb
    for (let from = 0, y = frame.top + row; from < pixels.length; y += step) {
      let to = (y * this.#file.width + frame.left) * 3
      for (const end = Math.min(pixels.length, from + frame.width); from < end; from += 1, to += 3) {
        const index = pixels[from] as number
        if (index === transparent) continue
        rgb[to] = table[index * 3] as number
        rgb[to + 1] = table[index * 3 + 1] as number
        rgb[to + 2] = table[index * 3 + 2] as number
      }
    }
  }

  /** Returns the disposal to run before the next frame. Must be called before this frame is drawn, because it saves canvas pixels. */
  #disposal(frame: GifFrame): (() => void) | null {
    const { left, top, width, height, transparent } = frame
    if (frame.disposal < 2) return null
    if (frame.disposal === 2) {
      // For a background index beyond the palette Pillow uses the first colour, but black for the first frame.
      const index = transparent ?? this.#file.background
      const fill = colour(frame, this.#next > 0 && index * 3 + 3 > frame.palette.length ? 0 : index)
      return () => this.#fill(left, top, width, height, fill)
    }
    if (this.#next === 0) return transparent === null ? null : () => this.#fill(left, top, width, height, colour(frame, transparent))
    const stride = this.#file.width * 3
    if (this.#previous.length < width * height * 3) this.#previous = new Uint8Array(width * height * 3)
    const previous = this.#previous
    for (let y = 0; y < height; y += 1) {
      const at = (top + y) * stride + left * 3
      previous.set(this.#rgb.subarray(at, at + width * 3), y * width * 3)
    }
    return () => {
      for (let y = 0; y < height; y += 1)
        this.#rgb.set(previous.subarray(y * width * 3, (y + 1) * width * 3), (top + y) * stride + left * 3)
    }
  }

  #fill(left: number, top: number, width: number, height: number, rgb: readonly number[]): void {
    const row = new Uint8Array(width * 3)
    for (let at = 0; at < row.length; at += 3) row.set(rgb, at)
    for (let y = top; y < top + height; y += 1) this.#rgb.set(row, (y * this.#file.width + left) * 3)
  }
}

function colour({ palette }: GifFrame, index: number): readonly number[] {
  const at = index * 3
  return at + 3 <= palette.length ? [palette[at] as number, palette[at + 1] as number, palette[at + 2] as number] : [0, 0, 0]
}
