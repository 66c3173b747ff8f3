import type { Scene } from './scene.ts'
import { describeScene } from './words.ts'
import { motionWords } from './world.ts'

/** What a description got right, as counts of right and asked. */
export type Score = Readonly<Record<'color' | 'shape' | 'background' | 'motion' | 'order' | 'exact', readonly [right: number, of: number]>>

/** An object as a description has it. */
export interface SaidObject {
  readonly color: string
  readonly shape: string
  readonly motions: readonly string[]
}

/**
 * Holds a description against its scene. Objects are compared in the order they are named (from left to right); one that is missing or
 * too many counts as wrong. `motion` counts single motions at their place, `order` clips in which every object's motions are all right.
 */
export function scoreDescription(scene: Scene, text: string): Score {
  const said = objectsIn(text)
  const count = Math.max(said.length, scene.objects.length)
  const color = { right: 0 }
  const shape = { right: 0 }
  let [right, asked, whole] = [0, 0, said.length === scene.objects.length]
  for (let i = 0; i < count; i++) {
    const object = scene.objects[i]
    const named = said[i]
    if (object && named && object.color === named.color) color.right++
    if (object && named && object.shape === named.shape) shape.right++
    const wanted = object?.phases.map(({ motion }) => motionWords[motion]) ?? []
    const motions = named?.motions ?? []
    const places = Math.max(wanted.length, motions.length)
    const matching = wanted.filter((motion, place) => motion === motions[place]).length
    right += matching
    asked += places
    whole &&= matching === places
  }
  return {
    color: [color.right, count],
    shape: [shape.right, count],
    background: [/The background is (\w+)\./.exec(text)?.[1] === scene.background ? 1 : 0, 1],
    motion: [right, asked],
    order: [whole ? 1 : 0, 1],
    exact: [text.trim() === describeScene(scene, false) ? 1 : 0, 1],
  }
}

/** The objects of a description, in its order; upper and lower case are the same. */
export function objectsIn(text: string): SaidObject[] {
  return [...text.toLowerCase().matchAll(/\ban? (\w+) (\w+) ([a-z ]+)\./g)].map(([, color = '', shape = '', motions = '']) => ({
    color,
    shape,
    motions: motions.split(' and then '),
  }))
}
