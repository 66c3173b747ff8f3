/** Generates endless batches of single images with dense labels for `train_tower.py`: `tsx tower-stream.ts SEED BATCH`. */

import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawObjects } from '../../src/bench/moving-shapes/render.ts'
import { jitter, randomAppearance, type SceneObject, type State } from '../../src/bench/moving-shapes/scene.ts'
import { CELL, randomGrid } from '../../src/bench/moving-shapes/training-grids.ts'
import { backgroundNames, colorNames, colors, shapeNames } from '../../src/bench/moving-shapes/world.ts'
import { writeBatch } from './batch-writer.ts'
import { cellLabels, LABEL_VALUES } from './cell-labels.ts'

const [seed = 1, batch = 64] = process.argv.slice(2).map(Number)
const random = new Random(seed, 7)

for (;;) {
  const { rows, columns, aspects } = randomGrid(random)
  const [height, width] = [rows * CELL, columns * CELL]
  const pixels = new Uint8Array(batch * height * width * 3)
  const labels = new Float32Array(batch * rows * columns * LABEL_VALUES)
  const background = new Int32Array(batch)
  const mask = new Uint8Array(height * width)
  for (let i = 0; i < batch; i++) {
    const aspect = random.between(...aspects)
    const appearance = randomAppearance(random)
    const objects = placeObjects(aspect)
    const rgb = pixels.subarray(i * height * width * 3, (i + 1) * height * width * 3)
    const drawing = { softness: random.between(0.8, 1.8), noiseSeed: random.whole(0, 0xffffffff), mask }
    drawObjects({ ...appearance, aspect, objects: [] }, objects, { width, height, rgb }, drawing)
    const cells = rows * columns * LABEL_VALUES
    cellLabels(mask, rows, columns, aspect, objects, labels.subarray(i * cells, (i + 1) * cells))
    background[i] = backgroundNames.indexOf(appearance.background)
  }
  await writeBatch(
    {},
    {
      pixels: { shape: [batch, height, width, 3], data: pixels },
      labels: { shape: [batch, rows * columns, LABEL_VALUES], data: labels },
      background: { shape: [batch], data: background },
    },
  )
}

/** Places one to four objects at random positions and angles without contact. */
function placeObjects(aspect: number): { object: SceneObject; state: State }[] {
  const side = Math.min(1, aspect)
  const placed: { object: SceneObject; state: State }[] = []
  const wanted = random.whole(1, 4)
  for (let tries = 0; tries < 40 && placed.length < wanted; tries++) {
    const radius = side * (random.chance(0.8) ? random.between(0.1, 0.22) : random.between(0.075, 0.3))
    const state = {
      x: random.between(radius, aspect - radius),
      y: random.between(radius, 1 - radius),
      radius,
      angle: random.chance(0.6) ? random.between(-0.2, 0.2) : random.between(0, 6.3),
      visible: true,
    }
    if (placed.some(({ state: other }) => Math.hypot(other.x - state.x, other.y - state.y) < 1.1 * (other.radius + radius))) continue
    const color = random.pick(colorNames)
    placed.push({
      object: { color, rgb: jitter(random, colors[color], 14), shape: random.pick(shapeNames), start: state, phases: [] },
      state,
    })
  }
  return placed
}
