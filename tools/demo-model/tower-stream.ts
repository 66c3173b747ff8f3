/**
 * Generates endless batches of single images with dense labels for `train_tower.py`: `tsx tower-stream.ts SEED BATCH FOLDER`. The folder has pictures of
 * other things than drawn shapes.
 */

import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawObjects } from '../../src/bench/moving-shapes/render.ts'
import { jitter, randomAppearance, type SceneObject, type State } from '../../src/bench/moving-shapes/scene.ts'
import { CELL, randomGrid } from '../../src/bench/moving-shapes/training-grids.ts'
import { backgroundNames, colorNames, colors, shapeNames } from '../../src/bench/moving-shapes/world.ts'
import { writeBatch } from './batch-writer.ts'
import { cellLabels, LABEL_VALUES } from './cell-labels.ts'
import { randomDegrading } from './degrade.ts'
import { ForeignFrames } from './foreign-frames.ts'
import { seenOver } from './seen-over.ts'

const [seed = 1, batch = 64] = process.argv.slice(2).map(Number)
const foreignFrames = new ForeignFrames(process.argv[4] ?? '.')
const random = new Random(seed, 7)

/** Shares of images without drawn shapes, and of shapes in front of a picture's colours. */
const FOREIGN = 0.3
const MIXED = 0.25

for (;;) {
  const { rows, columns, aspects } = randomGrid(random)
  const [height, width] = [rows * CELL, columns * CELL]
  const pixels = new Uint8Array(batch * height * width * 3)
  const labels = new Float32Array(batch * rows * columns * LABEL_VALUES)
  // The name of the background, or -1 for a picture behind the shapes, or -2 for an image without drawn shapes.
  const background = new Int32Array(batch)
  const mask = new Uint8Array(height * width)
  for (let i = 0; i < batch; i++) {
    const aspect = random.between(...aspects)
    const appearance = randomAppearance(random)
    const rgb = pixels.subarray(i * height * width * 3, (i + 1) * height * width * 3)
    const cells = rows * columns * LABEL_VALUES
    const own = labels.subarray(i * cells, (i + 1) * cells)
    if (random.chance(FOREIGN)) {
      const [frame] = await foreignFrames.draw(random, 1, width, height)
      rgb.set(frame ?? [])
      mask.fill(0)
      cellLabels(mask, rows, columns, aspect, [], own)
      background[i] = -2
    } else {
      const objects = placeObjects(aspect)
      const behind = random.chance(MIXED) ? await foreignFrames.backdrop(random) : null
      const backdrop = behind && objects.every(({ object }) => seenOver(behind, object.rgb)) ? behind : null
      const drawing = {
        softness: random.chance(0.9) ? random.between(0.8, 1.8) : random.between(1.8, 3),
        noiseSeed: random.whole(0, 0xffffffff),
        mask,
      }
      drawObjects({ ...appearance, ...(backdrop && { backdrop }), aspect, objects: [] }, objects, { width, height, rgb }, drawing)
      cellLabels(mask, rows, columns, aspect, objects, own)
      background[i] = backdrop ? -1 : backgroundNames.indexOf(appearance.background)
    }
    await randomDegrading(random)?.({ width, height, rgb })
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
