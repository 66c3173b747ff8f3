import { Random } from './random.ts'
import { type Scene, type SceneObject, type State, stateAt } from './scene.ts'
import type { Canvas, ShapeName } from './world.ts'

export interface Drawing {
  /** Width of the soft edge in pixels. Defaults to 1. */
  readonly softness?: number
  /** Seed of this image's noise. */
  readonly noiseSeed: number
  /** Receives for each pixel 1 + the index of the object that covers more than half of it, or 0 for the background; `width * height` bytes. */
  readonly mask?: Uint8Array
}

/** Half-widths and positions of the shapes' features, in radii. */
const SQUARE_HALF = 0.84
const TRIANGLE_INNER = 0.55
const STAR = { outer: 1.1, inner: 0.48 }
const CROSS = { long: 1, half: 0.36 }

/** Draws the scene at `time` (0 to 1), stretched to the canvas. */
export function drawScene(scene: Scene, time: number, canvas: Canvas, drawing: Drawing): void {
  drawObjects(
    scene,
    scene.objects.map((object) => ({ object, state: stateAt(object, time) })),
    canvas,
    drawing,
  )
}

/** Draws objects in given states over the scene's background. */
export function drawObjects(
  scene: Scene,
  objects: readonly { readonly object: SceneObject; readonly state: State }[],
  canvas: Canvas,
  drawing: Drawing,
): void {
  const { width, height } = canvas
  const levels = new Float32Array(width * height * 3)
  drawBackground(scene, width, height, levels)
  drawing.mask?.fill(0)
  for (const [index, { object, state }] of objects.entries()) {
    if (state.visible) drawObject(scene.aspect, object, state, width, height, levels, drawing.softness ?? 1, index + 1, drawing.mask)
  }
  addNoise(levels, scene.noise, drawing.noiseSeed, canvas.rgb)
}

function drawBackground(scene: Scene, width: number, height: number, levels: Float32Array): void {
  const [red, green, blue] = scene.backgroundRgb
  const [slopeX, slopeY] = scene.gradient
  for (let row = 0; row < height; row++) {
    const y = (row + 0.5) / height
    for (let column = 0; column < width; column++) {
      const x = (column + 0.5) / width
      let light = slopeX * (x - 0.5) + slopeY * (y - 0.5)
      for (const wave of scene.texture) light += wave.strength * Math.sin(wave.x * x + wave.y * y + wave.phase)
      const at = (row * width + column) * 3
      if (scene.backdrop) {
        for (let channel = 0; channel < 3; channel++) levels[at + channel] = light + levelAt(scene.backdrop, x, y, channel)
        continue
      }
      levels[at] = red + light
      levels[at + 1] = green + light
      levels[at + 2] = blue + light
    }
  }
}

/** Interpolates a picture linearly at a place from 0 to 1. */
function levelAt({ width, height, rgb }: Canvas, x: number, y: number, channel: number): number {
  const [column, row] = [Math.max(0, x * width - 0.5), Math.max(0, y * height - 0.5)]
  const [left, top] = [Math.floor(column), Math.floor(row)]
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)]
  const level = (c: number, r: number) => rgb[(r * width + c) * 3 + channel] ?? 0
  const [a, b] = [column - left, row - top]
  const upper = level(left, top) * (1 - a) + level(right, top) * a
  return upper * (1 - b) + (level(left, bottom) * (1 - a) + level(right, bottom) * a) * b
}

function drawObject(
  aspect: number,
  object: SceneObject,
  { x, y, radius, angle }: State,
  width: number,
  height: number,
  levels: Float32Array,
  softness: number,
  label: number,
  mask: Uint8Array | undefined,
): void {
  const [red, green, blue] = object.rgb
  const reach = radius * 1.15
  const pixel = softness * Math.sqrt(aspect / (width * height))
  const left = Math.max(0, Math.floor(((x - reach) / aspect) * width))
  const right = Math.min(width - 1, Math.ceil(((x + reach) / aspect) * width))
  const top = Math.max(0, Math.floor((y - reach) * height))
  const bottom = Math.min(height - 1, Math.ceil((y + reach) * height))
  const cos = Math.cos(angle) / radius
  const sin = Math.sin(angle) / radius
  for (let row = top; row <= bottom; row++) {
    const dy = (row + 0.5) / height - y
    for (let column = left; column <= right; column++) {
      const dx = ((column + 0.5) / width) * aspect - x
      const distance = signedDistance(object.shape, dx * cos + dy * sin, dy * cos - dx * sin) * radius
      const cover = 0.5 - distance / pixel
      if (cover <= 0) continue
      const part = Math.min(cover, 1)
      const at = (row * width + column) * 3
      levels[at] = (levels[at] ?? 0) * (1 - part) + red * part
      levels[at + 1] = (levels[at + 1] ?? 0) * (1 - part) + green * part
      levels[at + 2] = (levels[at + 2] ?? 0) * (1 - part) + blue * part
      if (mask && part > 0.5) mask[row * width + column] = label
    }
  }
}

/** Returns the distance to the edge in radii, negative inside; exact along edges, a bound at corners. */
function signedDistance(shape: ShapeName, x: number, y: number): number {
  switch (shape) {
    case 'circle':
      return Math.hypot(x, y) - 1
    case 'square':
      return Math.max(Math.abs(x), Math.abs(y)) - SQUARE_HALF
    case 'triangle':
      return Math.max(y, -0.5 * y + 0.8660254 * x, -0.5 * y - 0.8660254 * x) - TRIANGLE_INNER
    case 'cross': {
      const a = Math.abs(x)
      const b = Math.abs(y)
      return Math.min(Math.max(a - CROSS.long, b - CROSS.half), Math.max(a - CROSS.half, b - CROSS.long))
    }
    case 'star': {
      // Fold into half of one of the star's points: from the tip at angle 0 to the notch at 36 degrees.
      const fifth = (2 * Math.PI) / 5
      const turn = Math.atan2(x, -y)
      const folded = Math.abs(turn - fifth * Math.round(turn / fifth))
      const far = Math.hypot(x, y)
      const px = far * Math.cos(folded)
      const py = far * Math.sin(folded)
      const nx = STAR.inner * Math.cos(fifth / 2)
      const ny = STAR.inner * Math.sin(fifth / 2)
      const length = Math.hypot(nx - STAR.outer, ny)
      return ((px - STAR.outer) * ny - py * (nx - STAR.outer)) / length
    }
  }
}

/** Normally distributed noise, generated once; each image uses a section at a random offset. */
const noiseTable = (() => {
  const random = new Random(1)
  return Float32Array.from({ length: 1 << 16 }, () => random.next() + random.next() + random.next() + random.next() - 2)
})()

function addNoise(levels: Float32Array, strength: number, seed: number, rgb: Uint8Array): void {
  const random = new Random(seed, 1)
  let at = random.whole(0, noiseTable.length - 1)
  for (let i = 0; i < levels.length; i++) {
    if ((i & 4095) === 0) at = random.whole(0, noiseTable.length - 1)
    const value = (levels[i] ?? 0) + strength * (noiseTable[(at + i) & 0xffff] ?? 0)
    rgb[i] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value)
  }
}
