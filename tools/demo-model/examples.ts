/** Generates the example clips: `tsx examples.ts [DESTINATION]`. Defaults to `resources/examples`. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Phase, Scene, SceneObject } from '../../src/bench/moving-shapes/scene.ts'
import { writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import {
  type BackgroundName,
  backgrounds,
  type ColorName,
  colors,
  type MotionName,
  type ShapeName,
} from '../../src/bench/moving-shapes/world.ts'

const destination = process.argv[2] ?? fileURLToPath(new URL('../../resources/examples', import.meta.url))

const examples: Readonly<Record<string, Scene>> = {
  'red-circle-right-then-grows': scene(
    'black',
    shape('red', 'circle', [0.3, 0.5, 0.15], phase('right', 0, 0.5, 0.4), phase('grows', 0.5, 1, 1.8)),
  ),
  'blue-square-spins': scene('white', shape('blue', 'square', [0.66, 0.5, 0.2], phase('spins', 0, 1, 6))),
  'green-triangle-up-yellow-star-down': scene(
    'gray',
    shape('green', 'triangle', [0.35, 0.75, 0.16], phase('up', 0, 1, 0.5)),
    shape('yellow', 'star', [0.95, 0.25, 0.16], phase('down', 0, 1, 0.5)),
  ),
  'purple-cross-appears-then-left': scene(
    'beige',
    shape('purple', 'cross', [0.9, 0.45, 0.17], phase('appears', 0, 0.5, 0.5), phase('left', 0.5, 1, 0.42)),
  ),
  'orange-star-shrinks-cyan-circle-still': scene(
    'navy',
    shape('orange', 'star', [0.38, 0.45, 0.22], phase('shrinks', 0, 1, 0.48)),
    shape('cyan', 'circle', [0.95, 0.55, 0.17], phase('still', 0, 1, 0)),
  ),
  'pink-square-down-then-disappears': scene(
    'brown',
    shape('pink', 'square', [0.7, 0.3, 0.18], phase('down', 0, 0.5, 0.38), phase('disappears', 0.5, 1, 0.5)),
  ),
}

await mkdir(destination, { recursive: true })
for (const [index, [name, drawn]] of Object.entries(examples).entries()) {
  await writeSceneClip(join(destination, `${name}.mp4`), drawn, { width: 640, height: 480, frames: 96, rate: 24, crf: 20 }, index)
}

function scene(background: BackgroundName, ...objects: SceneObject[]): Scene {
  return { aspect: 4 / 3, background, backgroundRgb: backgrounds[background], gradient: [8, 5], texture: [], noise: 1, objects }
}

function shape(color: ColorName, shape: ShapeName, [x, y, radius]: readonly [number, number, number], ...phases: Phase[]): SceneObject {
  return { color, rgb: colors[color], shape, start: { x, y, radius, angle: 0, visible: true }, phases }
}

function phase(motion: MotionName, from: number, to: number, amount: number): Phase {
  return { motion, from, to, amount }
}
