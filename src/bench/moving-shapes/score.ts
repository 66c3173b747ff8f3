import type { Scene } from './scene.ts'
import { describeScene } from './words.ts'
import { motionWords } from './world.ts'

/** Scores of a description, each as the number of correct items and the number checked. */
export type Score = Readonly<Record<'color' | 'shape' | 'background' | 'motion' | 'order' | 'exact', readonly [right: number, of: number]>>

/** An object as a description states it. */
export interface DescribedObject {
  readonly color: string
  readonly shape: string
  readonly motions: readonly string[]
}

/**
 * Compares a description with its scene. Objects are compared in the order in which they are named (from left to right); a missing or extra one
 * counts as wrong. `motion` counts single motions in their position, `order` counts clips in which all motions of every object are correct.
 */
export function scoreDescription(scene: Scene, text: string): Score {
  const described = objectsIn(text)
  const count = Math.max(described.length, scene.objects.length)
  const color = { right: 0 }
  const shape = { right: 0 }
  let [right, total, whole] = [0, 0, described.length === scene.objects.length]
  for (let i = 0; i < count; i++) {
    const object = scene.objects[i]
    const named = described[i]
    if (object && named && object.color === named.color) color.right++
    if (object && named && object.shape === named.shape) shape.right++
    const wanted = object?.phases.map(({ motion }) => motionWords[motion]) ?? []
    const motions = named?.motions ?? []
    const places = Math.max(wanted.length, motions.length)
    const matching = wanted.filter((motion, place) => motion === motions[place]).length
    right += matching
    total += places
    whole &&= matching === places
  }
  return {
    color: [color.right, count],
    shape: [shape.right, count],
    background: [/The background is (\w+)\./.exec(text)?.[1] === scene.background ? 1 : 0, 1],
    motion: [right, total],
    order: [whole ? 1 : 0, 1],
    exact: [text.trim() === describeScene(scene, false) ? 1 : 0, 1],
  }
}

/** Extracts the objects of a description, in its order, ignoring case. */
export function objectsIn(text: string): DescribedObject[] {
  return [...text.toLowerCase().matchAll(/\ban? (\w+) (\w+) ([a-z ]+)\./g)].map(([, color = '', shape = '', motions = '']) => ({
    color,
    shape,
    motions: motions.split(' and then '),
  }))
}
