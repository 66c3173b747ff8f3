/**
 * Generates endless batches of clips with questions and answers for `train_language.py`: `tsx clip-stream.ts KIND SEED TOKENS SETS FOLDER`. A batch has as many
 * clips as fit into TOKENS visual tokens. Each clip has SETS sets of dialogues, so that encoding it once serves several training steps. FOLDER has pictures and texts
 * that have nothing to do with shapes. Clips of the kind `long` show shapes in many frames and have three short dialogues, those of the kind `short` have few frames and many
 * single questions, and those of the kind `mixed` are of every length, with conversations.
 */

import { z } from 'zod'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawScene } from '../../src/bench/moving-shapes/render.ts'
import { type Phase, randomScene, type Scene, type SceneObject, type State, stateAt } from '../../src/bench/moving-shapes/scene.ts'
import { CELL, randomGrid } from '../../src/bench/moving-shapes/training-grids.ts'
import { colorNames, motionNames, motionWords, shapeNames, shapeSymmetry } from '../../src/bench/moving-shapes/world.ts'
import { writeBatch } from './batch-writer.ts'
import { cellLabels, LABEL_VALUES } from './cell-labels.ts'
import { randomDegrading } from './degrade.ts'
import { type AskedClip, dialogueSet, type Exchange, motionDialogues, questionKinds, singleQuestions } from './dialogues.ts'
import { ForeignFrames } from './foreign-frames.ts'
import { seenOver } from './seen-over.ts'
import { UnknownQuestions } from './unknown-questions.ts'

/**
 * Number of values for the position and change of a visual token's object since the previous frame: 1 if there is an object; x and y of its centre
 * in tokens from the image's corner; 1 if it was present in the previous frame; then the changes of x and y in tokens, of its size (logarithm) and
 * of its angle (sine of the rotation times its symmetry). The last five are the same for the change since SPAN frames before, in clips of at least SPAN_FRAMES
 * frames, where an object changes little from one frame to the next.
 */
const PLACE_VALUES = 13
const SPAN = 4
const SPAN_FRAMES = 24

type Turn = [question: string, answer: string, object: number, answerPrefix: string, option: number, looks: Look[], kind: number]

/** Which phase must be seen before the answer's character `at`: all of it (0), or where it begins (1) or ends (2). */
type Look = [at: number, object: number, phase: number, part: number]
const PARTS = ['all', 'start', 'end'] as const
const MOTION_WORDS = new RegExp(Object.values(motionWords).join('|'), 'g')
/** Maximum number of phases of an object. */
const PHASES = 4

/** Probability of a single object; low, because two objects are harder to learn: the right one must be found. */
const SINGLE_OBJECT_PROBABILITY = 0.3
/** Shares of clips without drawn shapes, and of shapes in front of a picture's colours. */
const FOREIGN = 0.15
const MIXED = 0.12
/** Share of clips drawn again until they have a motion that is often mistaken, and of clips of many frames until an object has more than two motions. */
const HARD = 0.2
const HARD_LONG = 0.5
/** The same share where all clips are long. */
const HARD_ALL_LONG = 0.7
const HARD_MOTIONS: readonly ((motions: readonly Phase[]) => boolean)[] = [
  ([only, second]) => only?.motion === 'disappears' && !second,
  (motions) => motions.some(({ motion }, i) => motion === 'spins' && i > 0),
  (motions) => motions.some(({ motion }, i) => motion === 'still' && i > 0),
]
const isLong = (motions: readonly Phase[]) => motions.length > 2
/** Clips of a batch. Two are worth it even where they have more than TOKENS visual tokens, since their gradients are averaged. */
const MIN_CLIPS = 2
const MAX_CLIPS = 6

const clipKind = z.enum(['mixed', 'long', 'short']).parse(process.argv[2])
const [seed = 1, tokens = 1600, sets = 4] = process.argv.slice(3).map(Number)
const folder = process.argv[6] ?? '.'
const foreignFrames = new ForeignFrames(folder)
const unknown = new UnknownQuestions(folder)
const random = new Random(seed, 11)

for (;;) {
  const { rows, columns, aspects } = randomGrid(random)
  const [height, width] = [rows * CELL, columns * CELL]
  const count = frameCount()
  const cells = rows * columns
  const batch = Math.max(MIN_CLIPS, Math.min(MAX_CLIPS, Math.floor(tokens / (count * cells))))
  const picture = height * width * 3
  const pixels = new Uint8Array(batch * count * picture)
  const current = new Int32Array(batch * count * cells).fill(-1)
  const first = new Int32Array(batch * count * cells).fill(-1)
  const phase = new Int32Array(batch * count * cells).fill(-1)
  const places = new Float32Array(batch * count * cells * PLACE_VALUES)
  const dialogues = []
  const objects = []
  for (let i = 0; i < batch; i++) {
    const frameAt = (k: number) => pixels.subarray((i * count + k) * picture, (i * count + k + 1) * picture)
    const scene = random.chance(clipKind === 'long' ? 0 : FOREIGN) ? null : await clipScene(random.between(...aspects), count)
    if (scene) {
      // A single image shows all objects.
      const times = count === 1 ? [timeWithAllObjects(scene)] : Array.from({ length: count }, (_, k) => k / (count - 1))
      const softness = random.chance(0.9) ? random.between(0.8, 1.8) : random.between(1.8, 3)
      const steady = random.chance(0.3) ? random.whole(0, 0xffffffff) : null
      for (const [k, time] of times.entries()) {
        const frame = i * count + k
        const mask = new Uint8Array(height * width)
        drawScene(scene, time, { width, height, rgb: frameAt(k) }, { softness, noiseSeed: steady ?? random.whole(0, 0xffffffff), mask })
        const range = [frame * cells, (frame + 1) * cells] as const
        const seen = snapshotAt(scene, time, mask, rows, columns)
        const [now, initial, numbers] = [current, first, phase].map((labels) => labels.subarray(...range)) as [
          Int32Array,
          Int32Array,
          Int32Array,
        ]
        motionLabels(scene, time, count, seen, rows, columns, { now, initial, numbers })
        const placed = places.subarray(range[0] * PLACE_VALUES, range[1] * PLACE_VALUES)
        placeLabels(scene, [times[k - 1], count < SPAN_FRAMES ? undefined : times[k - SPAN]], seen, rows, columns, placed)
      }
    } else {
      for (const [k, frame] of (await foreignFrames.draw(random, count, width, height)).entries()) frameAt(k).set(frame)
    }
    const degrade = randomDegrading(random)
    if (degrade) for (let k = 0; k < count; k++) await degrade({ width, height, rgb: frameAt(k) })
    objects.push((scene?.objects ?? []).map((object) => objectLabel(object, scene as Scene)))
    const numberOf = (object: SceneObject | null) => (object && scene ? scene.objects.indexOf(object) : -1)
    const asTurn = ({ question, kind, answer, about, prefix, option, seen }: Exchange): Turn => {
      const motions = [...answer.matchAll(MOTION_WORDS)].map(({ index }) => index)
      const looks = (seen ?? []).map(({ object, phase: number, part }, k): Look => {
        const at = part === 'all' ? motions[k] : 0
        if (at === undefined) throw new Error(`"${answer}" names fewer motions than it must look for`)
        return [at, numberOf(object), number, PARTS.indexOf(part)]
      })
      return [question, answer, numberOf(about), prefix ?? '', option ?? -1, looks, questionKinds.indexOf(kind)]
    }
    const asked = () => dialoguesOf({ scene, frames: count }).map((dialogue) => dialogue.map(asTurn))
    dialogues.push(Array.from({ length: sets }, asked))
  }
  const shape = [batch, count * cells]
  await writeBatch(
    { rows, columns, frames: count, dialogues, objects },
    {
      pixels: { shape: [batch * count, height, width, 3], data: pixels },
      current: { shape, data: current },
      first: { shape, data: first },
      phase: { shape, data: phase },
      places: { shape: [...shape, PLACE_VALUES], data: places },
    },
  )
}

function dialoguesOf(clip: AskedClip): Exchange[][] {
  if (clipKind === 'short') return singleQuestions(clip, unknown, random)
  return clipKind === 'long' && clip.scene ? motionDialogues({ ...clip, scene: clip.scene }, random) : dialogueSet(clip, unknown, random)
}

async function clipScene(aspect: number, count: number): Promise<Scene> {
  const phases = count < 6 ? 1 : count < 12 ? 2 : count < 20 ? random.pick([2, 3, 3]) : random.pick([2, 3, 4, 4, 4])
  const draw = () => randomScene(random, { aspect, phases, alone: SINGLE_OBJECT_PROBABILITY })
  let scene = draw()
  const hardLong = clipKind === 'long' ? HARD_ALL_LONG : HARD_LONG
  if (phases > 1 && random.chance(phases > 2 ? hardLong : HARD)) {
    const hard = phases > 2 ? isLong : random.pick(HARD_MOTIONS)
    while (!scene.objects.some(({ phases: motions }) => hard(motions))) scene = draw()
  }
  if (!random.chance(MIXED)) return scene
  const backdrop = await foreignFrames.backdrop(random)
  return scene.objects.every(({ rgb }) => seenOver(backdrop, rgb)) ? { ...scene, backdrop } : scene
}

function frameCount(): number {
  const drawn = random.next()
  if (clipKind === 'short') return drawn < 0.1 ? 1 : random.whole(6, 9)
  if (clipKind === 'long') return drawn < 0.12 ? random.whole(6, 16) : drawn < 0.4 ? random.whole(17, 32) : random.whole(33, 64)
  if (drawn < 0.15) return 8
  if (drawn < 0.28) return 16
  if (drawn < 0.31) return 1
  if (drawn < 0.36) return random.whole(2, 4)
  if (drawn < 0.47) return random.whole(5, 16)
  return random.whole(17, 64)
}

/** Returns a time at which all objects are visible, for single images. */
function timeWithAllObjects(scene: Scene): number {
  const times = Array.from({ length: 17 }, (_, i) => i / 16).filter((time) =>
    scene.objects.every((object) => stateAt(object, time).visible),
  )
  return times.length > 0 ? random.pick(times) : 0.5
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
 * Sets for each visual token the current motion of its object, its first motion, and PHASES times the object's number plus that of its phase; -1 if
 * there is no object or the motion cannot be determined yet. The position where an object has disappeared is labelled with that motion.
 */
function motionLabels(
  scene: Scene,
  time: number,
  count: number,
  seen: Snapshot,
  rows: number,
  columns: number,
  { now: current, initial: first, numbers }: { readonly now: Int32Array; readonly initial: Int32Array; readonly numbers: Int32Array },
): void {
  if (count < 2) return
  const step = 0.99 / (count - 1)
  const { states, labels } = seen
  const label = (cell: number, index: number) => {
    const phases = scene.objects[index]?.phases ?? []
    const visible = states[index]?.state.visible
    const now = phases.find(({ to }) => time <= to) ?? phases.at(-1)
    const initial = phases[0]
    if (!now || !initial) return
    const isKnown = visible ? now.motion !== 'disappears' && time - now.from >= step : now.motion === 'disappears'
    if (isKnown) {
      current[cell] = motionNames.indexOf(now.motion)
      numbers[cell] = PHASES * index + phases.indexOf(now)
    }
    if (time - initial.from >= step && (visible ? initial.motion !== 'disappears' : now.motion === 'disappears')) {
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

function placeLabels(
  scene: Scene,
  before: readonly (number | undefined)[],
  seen: Snapshot,
  rows: number,
  columns: number,
  into: Float32Array,
): void {
  const { states, labels } = seen
  for (let cell = 0; cell < rows * columns; cell++) {
    const found = states[labels[cell * LABEL_VALUES] ?? -1]
    if (!found) continue
    const { object, state } = found
    const [x, y] = [(state.x / scene.aspect) * columns, state.y * rows]
    into.set([1, x, y], cell * PLACE_VALUES)
    for (const [i, time] of before.entries()) {
      const past = time === undefined ? null : stateAt(object, time)
      if (!past?.visible) continue
      const turned = shapeSymmetry[object.shape] * (state.angle - past.angle)
      const changes = [x - (past.x / scene.aspect) * columns, y - past.y * rows, Math.log(state.radius / past.radius), Math.sin(turned)]
      into.set([1, ...changes], cell * PLACE_VALUES + 3 + 5 * i)
    }
  }
}
