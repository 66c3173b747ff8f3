import { type Animation, type AnimationCanvas, MAX_BLOCKS, type Pause } from './animation-clip.ts'
import { type DecodedPicture, decodePicture, type PixelForm } from './picture-pixels.ts'

/** One frame of an animation with alpha: its place on the canvas, and how it is composited. */
export interface Layer {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Seconds; 0 if the file declares none. */
  readonly duration: number
  /** Whether the frame is alpha-blended with the canvas; otherwise it replaces the pixels, including alpha. */
  readonly blend: boolean
  /** How its area of the canvas is disposed of before the next frame. */
  readonly disposal: 'keep' | 'clear' | 'restore'
  /** Whether it may have pixels that are not opaque. */
  readonly transparent: boolean
  /** Returns the frame as a complete image file. */
  file(): Uint8Array
}

export interface Layers {
  readonly format: 'webp' | 'apng'
  readonly form: PixelForm
  readonly width: number
  readonly height: number
  readonly frames: readonly Layer[]
  readonly truncated: boolean
  /** Number of parsed chunks. */
  readonly blocks: number
}

/** Returns null for fewer than two frames, unless the file has too many chunks to find them. */
export function layeredAnimation(layers: Layers): Animation | null {
  if (layers.frames.length < 2 && layers.blocks <= MAX_BLOCKS) return null
  return { ...layers, pixelFormat: 'rgba', canvas: () => new LayeredCanvas(layers) }
}

/** Whether a frame is blended with the canvas, and which area of the canvas is known to be empty. */
interface Blending {
  readonly blend: boolean
  readonly empty: Layer | null
}

/** Pixels blended between two calls of `pause`. */
const PIXELS_AT_ONCE = 2 ** 18

/** Composites frames as libwebp does for WebP and Pillow for PNG, starting with a transparent black canvas. */
class LayeredCanvas implements AnimationCanvas {
  readonly #layers: Layers
  readonly #rgba: Uint8Array
  #next = 0
  #dispose: ((pause: Pause) => Promise<void>) | null = null
  /** Pixels under a frame that has to be undone. */
  #previous: Uint8Array = new Uint8Array()
  /** Whether the last frame did not depend on earlier frames. */
  #begunAnew = false

  constructor(layers: Layers) {
    this.#layers = layers
    this.#rgba = new Uint8Array(layers.width * layers.height * 4)
  }

  get next(): number {
    return this.#next
  }

  rgb(): Uint8Array {
    const rgb = new Uint8Array((this.#rgba.length / 4) * 3)
    for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
      rgb[to] = this.#rgba[from] as number
      rgb[to + 1] = this.#rgba[from + 1] as number
      rgb[to + 2] = this.#rgba[from + 2] as number
    }
    return rgb
  }

  async draw(pause: Pause): Promise<boolean> {
    const layer = this.#layers.frames[this.#next]
    if (!layer) throw new RangeError(`an animation of ${this.#layers.frames.length} pictures has no number ${this.#next}`)
    await this.#dispose?.(pause)
    const blended = this.#blended(layer)
    this.#dispose = this.#disposal(layer)
    this.#next += 1
    const picture = await this.#decode(layer)
    if (!picture) return false
    await this.#put(layer, picture.pixels, blended, pause)
    return picture.whole
  }

  #blended(layer: Layer): Blending {
    const before = this.#layers.frames[this.#next - 1]
    if (this.#layers.format === 'apng') return { blend: layer.blend && before !== undefined, empty: null }
    const cleared = before?.disposal === 'clear'
    this.#begunAnew =
      before === undefined ||
      ((!layer.transparent || !layer.blend) && this.#isWhole(layer)) ||
      (cleared && (this.#isWhole(before) || this.#begunAnew))
    if (this.#begunAnew) this.#rgba.fill(0)
    return { blend: layer.blend && !this.#begunAnew, empty: cleared ? before : null }
  }

  #isWhole({ width, height }: Layer): boolean {
    return width === this.#layers.width && height === this.#layers.height
  }

  async #decode(layer: Layer): Promise<(DecodedPicture & { readonly whole: boolean }) | null> {
    const { width, height } = layer
    const file = layer.file()
    const attempt = async (failOn: 'warning' | 'none') => {
      const picture = await decodePicture(file, { form: this.#layers.form, alpha: true, failOn, maxPixels: width * height })
      if (picture.width !== width || picture.height !== height) throw new Error('a picture has the size its file says')
      return { ...picture, whole: failOn === 'warning' }
    }
    return await attempt('warning')
      .catch(() => attempt('none'))
      .catch(() => null)
  }

  async #put(layer: Layer, pixels: Uint8Array, { blend, empty }: Blending, pause: Pause): Promise<void> {
    const over = this.#layers.format === 'webp' ? overWebp : overPng
    await this.#rows(layer, pause, (y, at) => {
      const row = pixels.subarray((y - layer.top) * layer.width * 4, (y - layer.top + 1) * layer.width * 4)
      if (!blend) this.#rgba.set(row, at)
      else {
        const emptyHere = empty && y >= empty.top && y < empty.top + empty.height
        for (let from = 0, x = layer.left; from < row.length; from += 4, x += 1) {
          const to = at + from
          if (row[from + 3] === 255 || (emptyHere && x >= empty.left && x < empty.left + empty.width))
            this.#rgba.set(row.subarray(from, from + 4), to)
          else over(this.#rgba, to, row, from)
        }
      }
    })
  }

  #disposal(layer: Layer): ((pause: Pause) => Promise<void>) | null {
    const { width, height } = layer
    // The first frame has no earlier canvas to restore.
    if (layer.disposal === 'clear' || (layer.disposal === 'restore' && this.#next === 0))
      return (pause) => this.#rows(layer, pause, (_, at) => this.#rgba.fill(0, at, at + width * 4))
    if (layer.disposal === 'keep') return null
    if (this.#previous.length < width * height * 4) this.#previous = new Uint8Array(width * height * 4)
    const previous = this.#previous
    const rowOf = (y: number) => (y - layer.top) * width * 4
    for (let y = layer.top; y < layer.top + height; y += 1) {
      const at = (y * this.#layers.width + layer.left) * 4
      previous.set(this.#rgba.subarray(at, at + width * 4), rowOf(y))
    }
    return (pause) => this.#rows(layer, pause, (y, at) => this.#rgba.set(previous.subarray(rowOf(y), rowOf(y + 1)), at))
  }

  /** Visits the canvas rows that a frame covers; `at` is the offset at which its part of the row starts. */
  async #rows({ left, top, width, height }: Layer, pause: Pause, work: (y: number, at: number) => void): Promise<void> {
    const rowsAtOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / width))
    for (let y = top; y < top + height; y += 1) {
      work(y, (y * this.#layers.width + left) * 4)
      if ((y - top) % rowsAtOnce === 0) await pause()
    }
  }
}

/** libwebp's blending of pixels with non-premultiplied alpha. */
function overWebp(rgba: Uint8Array, to: number, source: Uint8Array, from: number): void {
  const opacity = source[from + 3] as number
  if (opacity === 0) return
  const beneath = ((rgba[to + 3] as number) * (256 - opacity)) >> 8
  const together = opacity + beneath
  const scale = Math.floor(2 ** 24 / together)
  for (let i = 0; i < 3; i += 1) {
    const sum = (source[from + i] as number) * opacity + (rgba[to + i] as number) * beneath
    rgba[to + i] = Math.floor((sum * scale) / 2 ** 24)
  }
  rgba[to + 3] = together
}

/** Pillow's `paste` with a mask: blends each channel, including alpha, by the alpha of the source. */
function overPng(rgba: Uint8Array, to: number, source: Uint8Array, from: number): void {
  const opacity = source[from + 3] as number
  for (let i = 0; i < 4; i += 1) {
    const sum = (source[from + i] as number) * opacity + (rgba[to + i] as number) * (255 - opacity) + 128
    rgba[to + i] = ((sum >> 8) + sum) >> 8
  }
}
