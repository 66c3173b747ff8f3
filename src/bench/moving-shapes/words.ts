import type { Random } from './random.ts'
import type { Phase, Scene, SceneObject } from './scene.ts'
import { backgroundNames, colorNames, type MotionName, motionWords, shapeNames } from './world.ts'

/** Kind of a question; the evaluation draws one of each kind that a scene allows. */
export type QuestionKind = 'describe' | 'color' | 'shape' | 'count' | 'motion' | 'first' | 'last' | 'background' | 'presence'

export interface Question {
  readonly kind: QuestionKind
  readonly question: string
  readonly answer: string
  /** The object that must be found to answer, if it is a single one. */
  readonly about: SceneObject | null
}

/** The model's answer to questions that it cannot answer. */
export const UNKNOWN_ANSWER =
  'I only know moving shapes: ask me what happens, or about their number, colors, shapes, motions or background.'
/** The model's answer to any question about a clip without drawn shapes. */
export const FOREIGN_ANSWER = 'I only know drawn moving shapes, and this clip shows something else: please choose a real model for it.'

/** Describes a scene completely, as the model does. `still` means a single image: motion is not mentioned. */
export function describeScene(scene: Scene, still: boolean): string {
  const objects = scene.objects.map((object) =>
    still ? `There is ${withArticle(object)}.` : `${capital(withArticle(object))} ${motionsText(object.phases)}.`,
  )
  return `${objects.join(' ')} The background is ${backgroundOf(scene)}.`
}

function backgroundOf({ background, backdrop }: Scene): string {
  return backdrop ? 'mixed' : background
}

export function nameOf({ color, shape }: SceneObject): string {
  return `${color} ${shape}`
}

export function withArticle(object: SceneObject): string {
  return `${object.color === 'orange' ? 'an' : 'a'} ${nameOf(object)}`
}

export function motionsText(phases: readonly Phase[]): string {
  return phases.map(({ motion }) => motionWords[motion]).join(' and then ')
}

const describing = [
  'Describe the video in detail.',
  'Describe the video in detail.',
  'Describe the video.',
  'Describe this video.',
  'What happens in the video?',
  'What happens in this clip?',
  'What do you see?',
  'What is going on?',
  'Tell me what happens.',
  'Describe the events in the video.',
  'Describe the clip in one sentence.',
  'Please describe what you see in the video.',
]
const describingStill = [
  'Describe the video in detail.',
  'Describe the image.',
  'Describe the picture in detail.',
  'What do you see?',
  'What is in the picture?',
]
/** Returns a request for a description, with its answer. */
export function describeQuestion(scene: Scene, random: Random, still: boolean): Question {
  return { kind: 'describe', question: random.pick(still ? describingStill : describing), answer: describeScene(scene, still), about: null }
}

export function questionOf(kind: QuestionKind, scene: Scene, random: Random): Question {
  const object = random.pick(scene.objects)
  const named = naming(object, scene, random)
  const single = scene.objects.length === 1
  const ask = (question: string, answer: string, about: SceneObject | null = null): Question => ({ kind, question, answer, about })
  switch (kind) {
    case 'describe':
      return describeQuestion(scene, random, false)
    case 'color': {
      const asked = single && random.chance(0.3) ? 'the object' : `the ${object.shape}`
      return ask(
        random.pick([
          `What color is ${asked}?`,
          `What color is ${asked}?`,
          `Which color does ${asked} have?`,
          `What is the color of ${asked}?`,
        ]),
        `${capital(object.color)}.`,
        object,
      )
    }
    case 'shape': {
      const asked = single && random.chance(0.3) ? 'the object' : `the ${object.color} object`
      return ask(
        random.pick([`What shape is ${asked}?`, `Which shape is ${asked}?`, `Which shape does ${asked} have?`, `What is ${asked}?`]),
        `A ${object.shape}.`,
        object,
      )
    }
    case 'count':
      return ask(
        random.pick([
          'How many objects are there?',
          'How many shapes are there?',
          'How many objects do you see?',
          'How many things are in the video?',
        ]),
        single ? 'One.' : 'Two.',
      )
    case 'motion':
      return ask(
        random.pick([`What is ${named} doing?`, `What does ${named} do?`, `How does ${named} move?`, `What happens to ${named}?`]),
        `It ${motionsText(object.phases)}.`,
        object,
      )
    case 'first':
      return ask(
        single
          ? random.pick(['What happens first?', `What does ${named} do first?`, 'What happens at the start?'])
          : random.pick([`What does ${named} do first?`, `What does ${named} do at the start?`]),
        `It ${motionWords[object.phases[0]?.motion as MotionName]}.`,
        object,
      )
    case 'last':
      return ask(
        single
          ? random.pick(['What happens last?', `What does ${named} do last?`, 'What happens at the end?'])
          : random.pick([`What does ${named} do last?`, `What does ${named} do at the end?`]),
        `It ${motionWords[object.phases.at(-1)?.motion as MotionName]}.`,
        object,
      )
    case 'background':
      return ask(
        random.pick(['What color is the background?', 'What is the background?', 'Which color does the background have?']),
        `${capital(backgroundOf(scene))}.`,
      )
    case 'presence': {
      const asked = random.chance(0.5) ? nameOf(object) : `${random.pick(colorNames)} ${random.pick(shapeNames)}`
      const half = random.chance(0.4) ? (asked.split(' ')[1] ?? asked) : asked
      const there = scene.objects.find((candidate) => nameOf(candidate) === half || candidate.shape === half) ?? null
      const a = half.startsWith('orange') ? 'an' : 'a'
      return ask(
        random.pick([`Is there ${a} ${half}?`, `Do you see ${a} ${half}?`, `Is there ${a} ${half} in the video?`]),
        there ? 'Yes.' : 'No.',
        there,
      )
    }
  }
}

/** Returns an unambiguous name of one object. */
function naming(object: SceneObject, { objects }: Scene, random: Random): string {
  const names = [`the ${object.shape}`, `the ${nameOf(object)}`, `the ${nameOf(object)}`, `the ${object.color} object`]
  if (objects.length === 1) names.push('the object', 'it')
  return random.pick(names)
}

export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

/** Returns texts that contain every word the model needs, for its tokenizer. */
export function vocabularyTexts(): string[] {
  const things = colorNames.flatMap((color) =>
    shapeNames.map((shape) => `A ${color} ${shape}. The ${color} ${shape}. ${capital(color)}. Is there a ${shape}?`),
  )
  return [
    ...things,
    ...backgroundNames.map((name) => `The background is ${name}. ${capital(name)}.`),
    ...describing,
    ...describingStill,
    UNKNOWN_ANSWER,
    FOREIGN_ANSWER,
  ]
}
