import type { Scene } from './scene.ts'
import { type DescribedObject, objectsIn } from './score.ts'
import { nameOf } from './words.ts'
import { motionWords } from './world.ts'

/** Lists the events of a scene, one motion of one object per sentence, in the order of the description. */
export function eventsOf(scene: Scene): string[] {
  return scene.objects.flatMap((object) => object.phases.map(({ motion }) => sentence(nameOf(object), motionWords[motion])))
}

/** Extracts the events of a description in the model's closed language; none if no sentence is in that language. */
export function eventsIn(description: string): string[] {
  return objectsIn(description).flatMap((object) => object.motions.map((motion) => sentence(`${object.color} ${object.shape}`, motion)))
}

export interface EventRelation {
  readonly event: string
  readonly relationship: 'entailment' | 'neutral' | 'contradiction'
  readonly reason: string
}

/**
 * Determines by rule how a description relates to an event: it entails what it states about an object of that color and shape, contradicts the
 * event if it states something else about that object, and is neutral if it does not mention it. Like AutoDQ, ignores the order of motions.
 */
export function relate(event: string, description: string): EventRelation {
  const [, color = '', shape = '', motion = ''] = /^the (\w+) (\w+) ([a-z ]+?)\.?$/.exec(event.toLowerCase()) ?? []
  const same = objectsIn(description).filter((object) => object.color === color && object.shape === shape)
  const [described] = same
  if (!described) return { event, relationship: 'neutral', reason: `the description does not mention a ${color} ${shape}` }
  if (same.some(({ motions }) => motions.includes(motion))) return { event, relationship: 'entailment', reason: wordsOf(described) }
  return { event, relationship: 'contradiction', reason: wordsOf(described) }
}

function wordsOf({ color, shape, motions }: DescribedObject): string {
  return `the description says that the ${color} ${shape} ${motions.join(' and then ')}`
}

function sentence(name: string, motion: string): string {
  return `The ${name} ${motion}.`
}
