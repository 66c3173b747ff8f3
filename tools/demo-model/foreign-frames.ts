import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { backgroundNames, backgrounds, type Canvas, colorNames, colors } from '../../src/bench/moving-shapes/world.ts'

type Kind = 'picture' | 'two pictures' | 'sprite' | 'text' | 'noise' | 'gradient' | 'pattern' | 'plain'
const KINDS: readonly (readonly [Kind, number])[] = [
  ['picture', 0.36],
  ['two pictures', 0.06],
  ['sprite', 0.22],
  ['text', 0.12],
  ['noise', 0.09],
  ['gradient', 0.06],
  ['pattern', 0.05],
  ['plain', 0.04],
]
/** Decoded pictures that stay in memory. */
const MAX_LOADED = 600

/** Part of a picture as a fraction of its sides: centre and size. */
interface View {
  readonly x: number
  readonly y: number
  readonly size: number
}

/**
 * Makes clips that show anything but the drawn shapes: pictures that a camera pans over, sprites that move, text, noise, gradients, patterns. The folder
 * has `pictures/*.jpg` and `sprites/*.png` with transparency.
 */
export class ForeignFrames {
  readonly #pictures: readonly string[]
  readonly #sprites: readonly string[]
  readonly #loaded = new Map<string, Promise<Canvas & { readonly alpha?: Uint8Array }>>()

  constructor(folder: string) {
    const list = (name: string) =>
      readdirSync(join(folder, name))
        .sort()
        .map((file) => join(folder, name, file))
    this.#pictures = list('pictures')
    this.#sprites = list('sprites')
  }

  /** Draws `count` consecutive frames of one clip. */
  async draw(random: Random, count: number, width: number, height: number): Promise<Uint8Array[]> {
    const kind = this.#kind(random)
    const layers = await this.#layers(kind, random, width, height)
    const flicker = random.chance(0.3) ? random.between(0, 12) : 0
    return Array.from({ length: count }, (_, i) => {
      const rgb = new Uint8Array(width * height * 3)
      layers(count === 1 ? random.next() : i / (count - 1), { width, height, rgb })
      if (flicker > 0) addNoise(random, rgb, flicker)
      return rgb
    })
  }

  /** Returns a picture reduced to a few smooth colours, as a background for shapes. */
  async backdrop(random: Random): Promise<Canvas> {
    const { width, height, rgb } = await this.#load(random.pick(this.#pictures))
    const [columns, rows] = [random.whole(2, 14), random.whole(2, 10)]
    const data = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .resize(columns, rows, { fit: 'fill' })
      .raw()
      .toBuffer()
    return { width: columns, height: rows, rgb: new Uint8Array(data) }
  }

  #kind(random: Random): Kind {
    let left = random.next()
    for (const [kind, share] of KINDS) {
      left -= share
      if (left < 0) return kind
    }
    return 'picture'
  }

  async #layers(kind: Kind, random: Random, width: number, height: number): Promise<(time: number, canvas: Canvas) => void> {
    switch (kind) {
      case 'picture': {
        const picture = await this.#load(random.pick(this.#pictures))
        const [from, to] = camera(random)
        return (time, canvas) => copy(picture, between(from, to, time), canvas)
      }
      case 'two pictures': {
        const [one, two] = [await this.#load(random.pick(this.#pictures)), await this.#load(random.pick(this.#pictures))]
        const [from, to] = camera(random)
        const cut = random.between(0.2, 0.8)
        return (time, canvas) => copy(time < cut ? one : two, between(from, to, time), canvas)
      }
      case 'sprite': {
        const behind = await this.#behind(random)
        const sprites = await Promise.all(Array.from({ length: random.whole(1, 3) }, () => this.#load(random.pick(this.#sprites))))
        const paths = sprites.map(() => spritePath(random))
        return (time, canvas) => {
          behind(time, canvas)
          for (const [i, sprite] of sprites.entries()) paste(sprite, paths[i]?.(time), canvas)
        }
      }
      case 'text': {
        const page = await textPage(random, width, height)
        const scroll = random.chance(0.4) ? random.between(-0.4, 0.4) : 0
        return (time, canvas) =>
          copy(page, { x: 0.5, y: 0.5 + (scroll === 0 ? 0 : 0.25 + (time - 0.5) * scroll - 0.25), size: 0.75 }, canvas)
      }
      case 'noise':
        return noise(random)
      case 'gradient':
        return gradient(random)
      case 'pattern':
        return pattern(random)
      case 'plain': {
        const color = plainColor(random)
        return (_, canvas) => fill(canvas, color)
      }
    }
  }

  async #behind(random: Random): Promise<(time: number, canvas: Canvas) => void> {
    if (random.chance(0.6)) {
      const color = plainColor(random)
      return (_, canvas) => fill(canvas, color)
    }
    if (random.chance(0.4)) return gradient(random)
    const picture = await this.#load(random.pick(this.#pictures))
    const [from, to] = camera(random)
    return (time, canvas) => copy(picture, between(from, to, time), canvas)
  }

  #load(path: string): Promise<Canvas & { readonly alpha?: Uint8Array }> {
    const known = this.#loaded.get(path)
    if (known) return known
    const loading = decode(path)
    this.#loaded.set(path, loading)
    const [oldest] = this.#loaded.keys()
    if (this.#loaded.size > MAX_LOADED && oldest !== undefined) this.#loaded.delete(oldest)
    return loading
  }
}

async function decode(path: string): Promise<Canvas & { readonly alpha?: Uint8Array }> {
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const pixels = info.width * info.height
  const rgb = new Uint8Array(pixels * 3)
  const alpha = new Uint8Array(pixels)
  for (let i = 0; i < pixels; i++) {
    rgb.set(data.subarray(i * 4, i * 4 + 3), i * 3)
    alpha[i] = data[i * 4 + 3] ?? 255
  }
  return { width: info.width, height: info.height, rgb, alpha }
}

function camera(random: Random): [View, View] {
  const view = (): View => ({ x: random.between(0.3, 0.7), y: random.between(0.3, 0.7), size: random.between(0.35, 1) })
  const from = view()
  return [from, random.chance(0.3) ? from : random.chance(0.5) ? { ...view(), size: from.size } : view()]
}

function between(from: View, to: View, time: number): View {
  const mix = (a: number, b: number) => a + (b - a) * time
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), size: mix(from.size, to.size) }
}

/** Copies a view of a picture, averaging the pixels that fall into one. */
function copy(picture: Canvas, { x, y, size }: View, { width, height, rgb }: Canvas): void {
  const [left, top] = [(x - size / 2) * picture.width, (y - size / 2) * picture.height]
  const [stepX, stepY] = [(size * picture.width) / width, (size * picture.height) / height]
  const samples = Math.max(1, Math.min(3, Math.round(Math.max(stepX, stepY))))
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let [red, green, blue] = [0, 0, 0]
      for (let s = 0; s < samples * samples; s++) {
        const dx = (Math.floor(s / samples) + 0.5) / samples
        const dy = ((s % samples) + 0.5) / samples
        const px = Math.min(picture.width - 1, Math.max(0, Math.floor(left + (column + dx) * stepX)))
        const py = Math.min(picture.height - 1, Math.max(0, Math.floor(top + (row + dy) * stepY)))
        const at = (py * picture.width + px) * 3
        red += picture.rgb[at] ?? 0
        green += picture.rgb[at + 1] ?? 0
        blue += picture.rgb[at + 2] ?? 0
      }
      const to = (row * width + column) * 3
      rgb[to] = red / samples ** 2
      rgb[to + 1] = green / samples ** 2
      rgb[to + 2] = blue / samples ** 2
    }
  }
}

/** Where a sprite is: centre and width as a fraction of the image's width. */
type Placement = View | null

function spritePath(random: Random): (time: number) => Placement {
  const place = (): View => ({ x: random.between(0.15, 0.85), y: random.between(0.15, 0.85), size: random.between(0.15, 0.6) })
  const from = place()
  const to = random.chance(0.25) ? from : place()
  const moves = random.between(0.3, 1)
  const gone = random.chance(0.15) ? random.next() : null
  return (time) => (gone !== null && time > gone ? null : between(from, to, Math.min(1, time / moves)))
}

function paste(sprite: Canvas & { readonly alpha?: Uint8Array }, placement: Placement | undefined, { width, height, rgb }: Canvas): void {
  if (!placement) return
  const w = placement.size * Math.min(width, height)
  const h = (w * sprite.height) / sprite.width
  const [left, top] = [placement.x * width - w / 2, placement.y * height - h / 2]
  for (let row = Math.max(0, Math.floor(top)); row < Math.min(height, top + h); row++) {
    for (let column = Math.max(0, Math.floor(left)); column < Math.min(width, left + w); column++) {
      let [red, green, blue, cover] = [0, 0, 0, 0]
      for (let s = 0; s < 4; s++) {
        const px = Math.floor(((column + 0.25 + 0.5 * (s % 2) - left) / w) * sprite.width)
        const py = Math.floor(((row + 0.25 + 0.5 * Math.floor(s / 2) - top) / h) * sprite.height)
        if (px < 0 || py < 0 || px >= sprite.width || py >= sprite.height) continue
        const at = py * sprite.width + px
        const alpha = (sprite.alpha?.[at] ?? 255) / 255 / 4
        red += alpha * (sprite.rgb[at * 3] ?? 0)
        green += alpha * (sprite.rgb[at * 3 + 1] ?? 0)
        blue += alpha * (sprite.rgb[at * 3 + 2] ?? 0)
        cover += alpha
      }
      const to = (row * width + column) * 3
      rgb[to] = (rgb[to] ?? 0) * (1 - cover) + red
      rgb[to + 1] = (rgb[to + 1] ?? 0) * (1 - cover) + green
      rgb[to + 2] = (rgb[to + 2] ?? 0) * (1 - cover) + blue
    }
  }
}

type Color = readonly [number, number, number]

function anyColor(random: Random): Color {
  return [random.whole(0, 255), random.whole(0, 255), random.whole(0, 255)]
}

function plainColor(random: Random): Color {
  if (random.chance(0.5)) return backgrounds[random.pick(backgroundNames)]
  return random.chance(0.3) ? colors[random.pick(colorNames)] : anyColor(random)
}

function fill({ rgb }: Canvas, [red, green, blue]: Color): void {
  for (let at = 0; at < rgb.length; at += 3) {
    rgb[at] = red
    rgb[at + 1] = green
    rgb[at + 2] = blue
  }
}

function addNoise(random: Random, rgb: Uint8Array, strength: number): void {
  for (let i = 0; i < rgb.length; i++) rgb[i] = Math.max(0, Math.min(255, (rgb[i] ?? 0) + strength * (random.next() + random.next() - 1)))
}

/** Noise of one size of grain, in gray or in colour, still or changing with every frame. */
function noise(random: Random): (time: number, canvas: Canvas) => void {
  const grain = random.pick([1, 1, 2, 4, 8, 16])
  const gray = random.chance(0.4)
  const still = random.chance(0.2)
  const seed = random.whole(0, 0xffffffff)
  const [low, high] = random.chance(0.5) ? [0, 255] : [random.whole(0, 120), random.whole(130, 255)]
  let frame = 0
  return (_, { width, height, rgb }) => {
    const own = new Random(still ? seed : seed + frame++, 2)
    const columns = Math.ceil(width / grain) + 1
    const levels = Array.from({ length: columns * (Math.ceil(height / grain) + 1) * 3 }, () => own.between(low, high))
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const cell = (Math.floor(row / grain) * columns + Math.floor(column / grain)) * 3
        for (let channel = 0; channel < 3; channel++) rgb[(row * width + column) * 3 + channel] = levels[gray ? cell : cell + channel] ?? 0
      }
    }
  }
}

/** A wide blend of two or three colours, linear or round, that may move. */
function gradient(random: Random): (time: number, canvas: Canvas) => void {
  const stops = [anyColor(random), anyColor(random), anyColor(random)] as const
  const round = random.chance(0.4)
  const direction = random.between(0, 6.3)
  const drift = random.chance(0.5) ? random.between(-0.6, 0.6) : 0
  return (time, { width, height, rgb }) => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [x, y] = [(column + 0.5) / width - 0.5, (row + 0.5) / height - 0.5]
        const along = round ? 1.6 * Math.hypot(x, y) : 0.5 + x * Math.cos(direction) + y * Math.sin(direction)
        const place = Math.min(1.999, Math.max(0, 2 * (along + drift * time)))
        const [a, b] = place < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]]
        for (let channel = 0; channel < 3; channel++) {
          rgb[(row * width + column) * 3 + channel] = (a[channel] ?? 0) + ((b[channel] ?? 0) - (a[channel] ?? 0)) * (place % 1)
        }
      }
    }
  }
}

/** Stripes, squares or rings that may move. */
function pattern(random: Random): (time: number, canvas: Canvas) => void {
  const [one, two] = [anyColor(random), anyColor(random)]
  const form = random.pick(['stripes', 'squares', 'rings', 'lines'] as const)
  const size = random.between(0.06, 0.4)
  const direction = random.between(0, 6.3)
  const drift = random.chance(0.6) ? random.between(-1, 1) : 0
  return (time, { width, height, rgb }) => {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [x, y] = [(column + 0.5) / height, (row + 0.5) / height]
        const [u, v] = [x * Math.cos(direction) + y * Math.sin(direction) + drift * time, y * Math.cos(direction) - x * Math.sin(direction)]
        const step = (value: number) => Math.floor(value / size) & 1
        const odd =
          form === 'stripes'
            ? step(u)
            : form === 'squares'
              ? step(u) ^ step(v)
              : form === 'rings'
                ? step(Math.hypot(u - 0.6, v))
                : Number((u / size) % 1 < 0.15)
        const color = odd ? one : two
        for (let channel = 0; channel < 3; channel++) rgb[(row * width + column) * 3 + channel] = color[channel] ?? 0
      }
    }
  }
}

const SYLLABLES =
  'the file menu view open ra ne to si lo ka video edit window help run 12 2026 save name error list of and in at es un ber in'.split(' ')

/** A page of made-up text, as windows, terminals, slides and subtitles show it. */
async function textPage(random: Random, width: number, height: number): Promise<Canvas> {
  const [w, h] = [width * 3, height * 3]
  const paper = random.pick(['#fff', '#fff', '#1e1e1e', '#000', '#f4f4f4', '#003', '#eee8d5', `rgb(${anyColor(random).join(',')})`])
  const ink = ['#1e1e1e', '#000', '#003'].includes(paper)
    ? random.pick(['#fff', '#0f0', '#ddd', '#ff0'])
    : random.pick(['#000', '#222', '#00a', '#a00'])
  const size = random.pick([9, 12, 16, 24, 40, 70])
  const lines: string[] = []
  for (let y = size * 1.4; y < h; y += size * random.between(1.15, 2)) {
    if (random.chance(0.15)) continue
    const text = Array.from({ length: random.whole(1, Math.ceil(w / size / 3)) }, () => random.pick(SYLLABLES)).join(
      random.pick([' ', ' ', '']),
    )
    lines.push(`<text x="${random.whole(0, Math.round(w / 6))}" y="${y}" font-size="${size}" fill="${ink}">${text}</text>`)
  }
  const box = () =>
    `<rect x="${random.whole(0, w)}" y="${random.whole(0, h)}" width="${random.whole(8, w)}" height="${random.whole(6, Math.round(h / 2))}" fill="rgb(${anyColor(random).join(',')})" stroke="#888"/>`
  const boxes = random.chance(0.5) ? Array.from({ length: random.whole(1, 6) }, box) : []
  const font = random.pick(['sans-serif', 'serif', 'monospace', 'DejaVu Sans'])
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" font-family="${font}"><rect width="100%" height="100%" fill="${paper}"/>${boxes.join('')}${lines.join('')}</svg>`
  const { data, info } = await sharp(Buffer.from(svg)).flatten().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgb: new Uint8Array(data) }
}
