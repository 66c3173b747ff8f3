import type { Random } from './random.ts'
import type { Scene, SceneObject } from './scene.ts'
import { describeScene } from './words.ts'
import { colorNames, type MotionName, motionNames, motionWords, shapeNames, shapeSymmetry } from './world.ts'

/** What a false caption says wrongly. */
export const exchangeKinds = ['color', 'shape', 'motion'] as const
export type ExchangeKind = (typeof exchangeKinds)[number]

/** A description of a scene with one false statement. */
export interface FalseCaption {
  readonly kind: ExchangeKind
  readonly text: string
  /** Place of the false sentence in the text, from 0; the true description has as many sentences. */
  readonly sentence: number
  /** Indices of UTF-16 units of the words that are false: first, and after the last. */
  readonly start: number
  readonly end: number
}

/** Returns the description of a scene with one color, shape or motion of an object exchanged for one that the clip contradicts. */
export function falseCaption(kind: ExchangeKind, scene: Scene, random: Random): FalseCaption {
  const sentence = random.whole(0, scene.objects.length - 1)
  const object = scene.objects[sentence] as SceneObject
  const { told, words } = exchanged(kind, object, random)
  const text = describeScene({ ...scene, objects: scene.objects.map((other) => (other === object ? told : other)) }, false)
  const before = scene.objects.slice(0, sentence)
  // The description of the objects before, without the sentence about the background.
  const from = before.length === 0 ? 0 : describeScene({ ...scene, objects: before }, false).indexOf('The background')
  const start = text.indexOf(words, from)
  return { kind, text, sentence, start, end: start + words.length }
}

function exchanged(kind: ExchangeKind, object: SceneObject, random: Random): { told: SceneObject; words: string } {
  switch (kind) {
    case 'color': {
      const color = random.pick(colorNames.filter((name) => name !== object.color))
      return { told: { ...object, color }, words: color }
    }
    case 'shape': {
      const shape = random.pick(shapeNames.filter((name) => name !== object.shape))
      return { told: { ...object, shape }, words: shape }
    }
    case 'motion': {
      const phase = random.pick(object.phases)
      const motion = random.pick(falseMotions(object))
      const told = { ...object, phases: object.phases.map((other) => (other === phase ? { ...phase, motion } : other)) }
      return { told, words: falseWords(phase.motion, motion) }
    }
  }
}

/** Motions that the clip contradicts: nobody sees whether a circle spins, and what appears or disappears may also be said to stay still. */
function falseMotions({ shape, phases }: SceneObject): MotionName[] {
  const done = phases.map(({ motion }) => motion)
  const blurred = done.some((motion) => motion === 'appears' || motion === 'disappears')
  return motionNames.filter(
    (motion) => !done.includes(motion) && !(motion === 'still' && blurred) && !(motion === 'spins' && shapeSymmetry[shape] === 0),
  )
}

/** Of "moves left" instead of "moves right", only "left" is false. */
function falseWords(motion: MotionName, told: MotionName): string {
  const [first = '', ...others] = motionWords[told].split(' ')
  return others.length > 0 && motionWords[motion].startsWith(`${first} `) ? others.join(' ') : motionWords[told]
}
