import type { Random } from './random.ts'
import type { Scene, SceneObject } from './scene.ts'
import { type Question, type QuestionKind, questionOf } from './words.ts'
import { backgroundNames, colorNames, type MotionName, motionNames, motionWords, shapeNames } from './world.ts'

export const choiceKinds = ['background', 'color', 'count', 'motion', 'order', 'presence', 'shape'] as const
export type ChoiceKind = (typeof choiceKinds)[number]

/** A question with lettered options. */
export interface Choice {
  readonly prompt: string
  /** Beginning of the answer, which the model continues. */
  readonly answerPrefix: string
  /** Letter of the correct option. */
  readonly letter: string
  /** Text of the correct option. */
  readonly right: string
  /** The object that must be found to answer, if it is a single one. */
  readonly about: SceneObject | null
}

const OPTIONS = 4

/**
 * Returns a multi-choice question about a scene; null if the scene allows none of that kind. If the answers are single words, the letter of an
 * option is its initial, so that an answer with the word also names the letter. Sentences are lettered A to D, with a given beginning of the
 * answer, as in the papers' data sets.
 */
export function choiceOf(kind: ChoiceKind, scene: Scene, random: Random): Choice | null {
  switch (kind) {
    case 'color':
      return byInitial(questionOf('color', scene, random), colorNames, random)
    case 'background':
      return byInitial(questionOf('background', scene, random), backgroundNames, random)
    case 'count':
      return byInitial(questionOf('count', scene, random), ['one', 'two'], random)
    case 'presence':
      return byInitial(questionOf('presence', scene, random), ['yes', 'no'], random)
    case 'shape':
      return lettered(
        questionOf('shape', scene, random),
        [],
        shapeNames.map((name) => `A ${name}.`),
        random,
      )
    case 'motion':
      return ofMotions(askedOf(['motion'], 1, scene, random), random)
    case 'order':
      return ofMotions(askedOf(['first', 'last'], 2, scene, random), random)
  }
}

/** Returns a question about an object that makes `phases` consecutive motions. */
function askedOf(kinds: readonly QuestionKind[], phases: number, scene: Scene, random: Random): Question | null {
  if (!scene.objects.some((object) => object.phases.length === phases)) return null
  for (;;) {
    const question = questionOf(random.pick(kinds), scene, random)
    if (question.about?.phases.length === phases) return question
  }
}

/** Includes the object's other motions among the wrong options, but no option that also describes the correct motion. */
function ofMotions(question: Question | null, random: Random): Choice | null {
  if (!question) return null
  const done = question.about?.phases.map(({ motion }) => motion) ?? []
  const blurred = done.some((motion) => motion === 'appears' || motion === 'disappears')
  const others = motionNames.filter((motion) => !done.includes(motion) && !(blurred && motion === 'still'))
  return lettered(question, done.map(sentence), others.map(sentence), random)
}

function sentence(motion: MotionName): string {
  return `It ${motionWords[motion]}.`
}

function byInitial({ question, answer, about }: Question, words: readonly string[], random: Random): Choice {
  const right = answer.slice(0, -1)
  const letters = new Set([right.slice(0, 1)])
  const options = [right]
  for (const word of random.some(words, words.length)) {
    const option = `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
    const letter = option.slice(0, 1)
    if (options.length === OPTIONS || letters.has(letter)) continue
    letters.add(letter)
    options.push(option)
  }
  const lines = random.some(options, OPTIONS).map((option) => `(${option.slice(0, 1)}) ${option}.`)
  return { prompt: `${lines.join('\n')}\n${question}`, answerPrefix: '', letter: right.slice(0, 1), right: answer, about }
}

/** @param near answers that are always among the options; the rest are drawn from `far`. */
function lettered({ question, answer, about }: Question, near: readonly string[], far: readonly string[], random: Random): Choice {
  const wrong = (option: string) => option !== answer
  const drawn = [...near.filter(wrong), ...random.some(far.filter(wrong), OPTIONS)].slice(0, OPTIONS - 1)
  const options = random.some([answer, ...drawn], OPTIONS)
  const lines = options.map((option, i) => `(${letterAt(i)}) ${option}`)
  const letter = letterAt(options.indexOf(answer))
  return { prompt: `Question: ${question}\n${lines.join('\n')}`, answerPrefix: ' Answer: (', letter, right: answer, about }
}

function letterAt(place: number): string {
  return String.fromCharCode(65 + place)
}
