/**
 * Generates endless batches of clips with questions and answers for `train_language.py`: `tsx clip-stream.ts SEED BATCH SETS`. Each clip has SETS
 * sets of dialogues, so that encoding it once serves several training steps.
 */

import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawScene } from '../../src/bench/moving-shapes/render.ts'
import { randomScene, type Scene, type SceneObject, type State, stateAt } from '../../src/bench/moving-shapes/scene.ts'
import { CELL, randomGrid } from '../../src/bench/moving-shapes/training-grids.ts'
import { describeQuestion, type Question, randomQuestion } from '../../src/bench/moving-shapes/words.ts'
import { colorNames, motionNames, shapeNames, shapeSymmetry } from '../../src/bench/moving-shapes/world.ts'
import { writeBatch } from './batch-writer.ts'
import { cellLabels, LABEL_VALUES } from './cell-labels.ts'

/**
 * Number of values for the position and change of a visual token's object since the previous frame: 1 if there is an object; x and y of its centre
 * in tokens from the image's corner; 1 if it was present in the previous frame; then the changes of x and y in tokens, of its size (logarithm) and
 * of its angle (sine of the rotation times its symmetry).
 */
const PLACE_VALUES = 8

type Turn = [question: string, answer: string, object: number]

/** Probability of a single object; low, because two objects are harder to learn: the right one must be found. */
const SINGLE_OBJECT_PROBABILITY = 0.3

const [seed = 1, batch = 16, sets = 4] = process.argv.slice(2).map(Number)
const random = new Random(seed, 11)

for (;;) {
  const { rows, columns, aspects } = randomGrid(random)
  const [height, width] = [rows * CELL, columns * CELL]
  const count = frameCount()
  const cells = rows * columns
  const picture = height * width * 3
  const pixels = new Uint8Array(batch * count * picture)
  const current = new Int32Array(batch * count * cells)
  const first = new Int32Array(batch * count * cells)
  const places = new Float32Array(batch * count * cells * PLACE_VALUES)
  const dialogues = []
  const objects = []
  for (let i = 0; i < batch; i++) {
    const scene = randomScene(random, { aspect: random.between(...aspects), phases: count >= 6 ? 2 : 1, alone: SINGLE_OBJECT_PROBABILITY })
    // A single image shows all objects.
    const times = count === 1 ? [timeWithAllObjects(scene)] : Array.from({ length: count }, (_, k) => k / (count - 1))
    const softness = random.between(0.8, 1.8)
    const steady = random.chance(0.3) ? random.whole(0, 0xffffffff) : null
    for (const [k, time] of times.entries()) {
      const frame = i * count + k
      const mask = new Uint8Array(height * width)
      const canvas = { width, height, rgb: pixels.subarray(frame * picture, (frame + 1) * picture) }
      drawScene(scene, time, canvas, { softness, noiseSeed: steady ?? random.whole(0, 0xffffffff), mask })
      const range = [frame * cells, (frame + 1) * cells] as const
      const seen = snapshotAt(scene, time, mask, rows, columns)
      motionLabels(scene, time, count, seen, rows, columns, current.subarray(...range), first.subarray(...range))
      const placed = places.subarray(range[0] * PLACE_VALUES, range[1] * PLACE_VALUES)
      placeLabels(scene, times[k - 1], seen, rows, columns, placed)
    }
    objects.push(scene.objects.map((object) => objectLabel(object, scene)))
    dialogues.push(Array.from({ length: sets }, () => dialogueSet(scene, count === 1)))
  }
  const shape = [batch, count * cells]
  await writeBatch(
    { rows, columns, frames: count, dialogues, objects },
    {
      pixels: { shape: [batch * count, height, width, 3], data: pixels },
      current: { shape, data: current },
      first: { shape, data: first },
      places: { shape: [...shape, PLACE_VALUES], data: places },
    },
  )
}

function frameCount(): number {
  const drawn = random.next()
  if (drawn < 0.15) return 16
  if (drawn < 0.7) return 8
  if (drawn < 0.95) return random.whole(5, 14)
  return random.whole(1, 4)
}

function timeWithAllObjects(scene: Scene): number {
  const times = Array.from({ length: 17 }, (_, i) => i / 16).filter((time) =>
    scene.objects.every((object) => stateAt(object, time).visible),
  )
  return times.length > 0 ? random.pick(times) : 0.5
}

/**
 * Returns independent dialogues about one clip, each a list of [question, answer, number of the object that must be found for it or -1]. Encoding
 * the clip takes most of a step's time, so each clip has many questions.
 */
function dialogueSet(scene: Scene, still: boolean): Turn[][] {
  const turn = ({ question, answer, about }: Question): Turn => [question, answer, about ? scene.objects.indexOf(about) : -1]
  const question = () => turn(randomQuestion(scene, random, still))
  const pair = () => [question(), question()]
  const described = [turn(describeQuestion(scene, random, still))]
  return [random.chance(0.3) ? [...described, question()] : described, [question()], [question()], pair(), pair(), pair()]
}

/** Returns the color, the shape, and the initial position as a fraction of the image. */
function objectLabel({ color, shape, start }: SceneObject, { aspect }: Scene): number[] {
  return [colorNames.indexOf(color), shapeNames.indexOf(shape), start.x / aspect, start.y]
}

/** The objects at one moment, and the labels of the visual tokens that show them. */
interface Snapshot {
  readonly states: readonly { readonly object: SceneObject; readonly state: State }[]
  readonly labels: Float32Array
}

function snapshotAt(scene: Scene, time: number, mask: Uint8Array, rows: number, columns: number): Snapshot {
  const states = scene.objects.map((object) => ({ object, state: stateAt(object, time) }))
  const labels = new Float32Array(rows * columns * LABEL_VALUES)
  cellLabels(mask, rows, columns, scene.aspect, states, labels)
  return { states, labels }
}

/**
 * Returns the current motion of the object in each visual token, and its first motion; -1 if there is no object or the motion cannot be determined
 * yet. The position where an object has disappeared is labelled with that motion.
 */
function motionLabels(
  scene: Scene,
  time: number,
  count: number,
  seen: Snapshot,
  rows: number,
  columns: number,
  current: Int32Array,
  first: Int32Array,
): void {
  current.fill(-1)
  first.fill(-1)
  if (count < 3) return
  const step = 1.01 / (count - 1)
  const { states, labels } = seen
  const label = (cell: number, index: number) => {
    const phases = scene.objects[index]?.phases ?? []
    const visible = states[index]?.state.visible
    const now = phases.find(({ to }) => time <= to) ?? phases.at(-1)
    const initial = phases[0]
    if (!now || !initial) return
    const isKnown = visible ? now.motion !== 'disappears' && time - now.from >= step : now.motion === 'disappears'
    if (isKnown) current[cell] = motionNames.indexOf(now.motion)
    if (time - initial.from >= 2 * step && (visible ? initial.motion !== 'disappears' : now.motion === 'disappears')) {
      first[cell] = motionNames.indexOf(initial.motion)
    }
  }
  for (let cell = 0; cell < rows * columns; cell++) {
    const index = labels[cell * LABEL_VALUES] ?? -1
    if (index >= 0) label(cell, index)
  }
  for (const [index, { state }] of states.entries()) {
    if (state.visible) continue
    const cell = Math.floor(state.y * rows) * columns + Math.floor((state.x / scene.aspect) * columns)
    if ((labels[cell * LABEL_VALUES] ?? 0) < 0) label(cell, index)
  }
}

function placeLabels(scene: Scene, before: number | undefined, seen: Snapshot, rows: number, columns: number, into: Float32Array): void {
  const { states, labels } = seen
  for (let cell = 0; cell < rows * columns; cell++) {
    const found = states[labels[cell * LABEL_VALUES] ?? -1]
    if (!found) continue
    const { object, state } = found
    const [x, y] = [(state.x / scene.aspect) * columns, state.y * rows]
    into.set([1, x, y], cell * PLACE_VALUES)
    const past = before === undefined ? null : stateAt(object, before)
    if (!past?.visible) continue
    const turned = shapeSymmetry[object.shape] * (state.angle - past.angle)
    const changes = [x - (past.x / scene.aspect) * columns, y - past.y * rows, Math.log(state.radius / past.radius), Math.sin(turned)]
    into.set([1, ...changes], cell * PLACE_VALUES + 3)
  }
}
