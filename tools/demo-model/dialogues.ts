import { choiceKinds, choiceOf } from '../../src/bench/moving-shapes/choices.ts'
import type { Random } from '../../src/bench/moving-shapes/random.ts'
import type { Phase, Scene, SceneObject } from '../../src/bench/moving-shapes/scene.ts'
import {
  capital,
  describeScene,
  FOREIGN_ANSWER,
  motionsText,
  nameOf,
  questionOf,
  UNKNOWN_ANSWER,
  withArticle,
} from '../../src/bench/moving-shapes/words.ts'
import { colorNames, type MotionName, motionNames, shapeNames } from '../../src/bench/moving-shapes/world.ts'
import type { UnknownQuestions } from './unknown-questions.ts'
import { asTyped, type Wording, worded, wordings } from './wordings.ts'

/** What a question asks for. */
export const questionKinds = [
  ...(Object.keys(wordings) as Wording[]).filter((kind) => kind !== 'describeStill'),
  'unknown',
  'choice',
] as const

export type QuestionKind = Exclude<Wording, 'describeStill'> | 'unknown' | 'choice'

/** A question with its answer. The answer's prefix is given to the model, the rest is learnt. */
export interface Exchange {
  readonly question: string
  readonly kind: QuestionKind
  readonly prefix?: string
  readonly answer: string
  /** The object that must be found to answer, if it is a single one. */
  readonly about: SceneObject | null
  /** Place of the right option among the lines after the question's first, if it is a choice lettered A to D. */
  readonly option?: number
  /** What has to be seen for the answer: for each motion that it names, in their order, or for the time that it gives. */
  readonly seen?: readonly Seen[]
}

/** A phase of an object: all of it, or the frames in which it begins or ends. */
export interface Seen {
  readonly object: SceneObject
  readonly phase: number
  readonly part: 'all' | 'start' | 'end'
}

/** A clip as the questions see it. `scene` is null for a clip without drawn shapes. */
export interface AskedClip {
  readonly scene: Scene | null
  readonly frames: number
}

type Intent = Exclude<Wording, 'describe' | 'describeStill'>

const stillIntents: readonly Intent[] = [
  'color',
  'color',
  'colors',
  'shape',
  'shape',
  'shapes',
  'shapes',
  'count',
  'count',
  'background',
  'background',
  'presence',
  'presence',
  'presence',
  'left',
  'right',
]
const movingIntents: readonly Intent[] = [
  ...stillIntents,
  ...([
    'motion',
    'motion',
    'motion',
    'motions',
    'first',
    'first',
    'firsts',
    'firsts',
    'last',
    'last',
    'lasts',
    'lasts',
    'starts',
    'starts',
    'starts',
    'stops',
    'stops',
  ] as const),
]

/** Which phases the answers name. */
const PARTS: Readonly<Record<'motion' | 'first' | 'last', readonly [from: number, to?: number]>> = {
  motion: [0],
  first: [0, 1],
  last: [-1],
}

/** Number of dialogues of a clip that has single questions. */
const SINGLE_QUESTIONS = 40

/** Minimum number of frames of which a motion's beginning can be read. */
const MIN_TIMED_FRAMES = 6

/**
 * Returns independent dialogues about one clip. Encoding the clip takes most of a training step's time, so each clip has many questions. The last dialogue
 * is a long conversation, in which descriptions are asked for again.
 */
export function dialogueSet(clip: AskedClip, unknown: UnknownQuestions, random: Random): Exchange[][] {
  const { scene, frames } = clip
  const described = () => description(clip, random)
  const question = () => anyQuestion(clip, unknown, random)
  const turn = () => (random.chance(0.3) ? described() : question())
  const choice = () => choiceExchange(clip, random) ?? question()
  const time = () => (scene && frames >= MIN_TIMED_FRAMES ? asked(random.pick(['starts', 'stops']), clip, scene, random) : question())
  const turns = random.chance(0.3) ? random.whole(4, 9) : random.whole(2, 4)
  return [
    random.chance(0.15) ? [described(), described()] : [described()],
    [question()],
    [question(), turn()],
    [choice()],
    [random.chance(0.6) ? time() : choice()],
    random.chance(0.5) ? Array.from({ length: turns }, turn) : [question()],
  ]
}

/** Many single questions, for clips that cost little to encode. */
export function singleQuestions(clip: AskedClip, unknown: UnknownQuestions, random: Random): Exchange[][] {
  return Array.from({ length: SINGLE_QUESTIONS }, () => [
    random.chance(0.12) ? description(clip, random) : anyQuestion(clip, unknown, random),
  ])
}

/** Short dialogues that need each motion of a clip of many frames: its description, and two times. */
export function motionDialogues(clip: AskedClip & { readonly scene: Scene }, random: Random): Exchange[][] {
  const time = () => asked(random.pick(['starts', 'starts', 'stops']), clip, clip.scene, random)
  return [[description(clip, random)], [time()], [time()]]
}

function description({ scene, frames }: AskedClip, random: Random): Exchange {
  const question = worded(frames === 1 && random.chance(0.6) ? 'describeStill' : 'describe', {}, random)
  const kind = 'describe'
  if (!scene) return { question, kind, answer: FOREIGN_ANSWER, about: null }
  return { question, kind, answer: describeScene(scene, frames === 1), about: null, ...(frames > 1 && { seen: phasesOf(scene.objects) }) }
}

function phasesOf(objects: readonly SceneObject[], from = 0, to?: number): Seen[] {
  return objects.flatMap((object) => object.phases.map((_, phase) => ({ object, phase, part: 'all' as const })).slice(from, to))
}

function anyQuestion(clip: AskedClip, unknown: UnknownQuestions, random: Random): Exchange {
  const { scene, frames } = clip
  if (random.chance(0.09))
    return { question: unknown.question(random), kind: 'unknown', answer: scene ? UNKNOWN_ANSWER : FOREIGN_ANSWER, about: null }
  if (!scene) return foreignExchange(random)
  // The benchmark's own wordings stay part of the training.
  if (random.chance(0.12)) {
    const kind = random.pick(
      frames === 1
        ? (['color', 'shape', 'count', 'background', 'presence'] as const)
        : (['color', 'shape', 'motion', 'first', 'last', 'presence'] as const),
    )
    const { question, answer, about } = questionOf(kind, scene, random)
    const seen = about && (kind === 'motion' || kind === 'first' || kind === 'last') ? phasesOf([about], ...PARTS[kind]) : []
    return { question, kind, answer, about, seen }
  }
  return asked(random.pick(frames === 1 ? stillIntents : movingIntents), clip, scene, random)
}

function foreignExchange(random: Random): Exchange {
  const thing = `${random.pick(colorNames)} ${random.pick(shapeNames)}`
  const values = {
    the: random.chance(0.5) ? `the ${thing}` : 'the object',
    a: `a ${thing}`,
    plural: `${thing}s`,
    verb: 'move',
    gerund: 'moving',
  }
  const kind = random.pick(movingIntents)
  return { question: worded(kind, values, random), kind, answer: FOREIGN_ANSWER, about: null }
}

function asked(intent: Intent, { frames }: AskedClip, scene: Scene, random: Random): Exchange {
  const { objects } = scene
  const object = random.pick(objects)
  const ask = (
    answer: string,
    about: SceneObject | null,
    values: Readonly<Record<string, string>> = {},
    seen: readonly Seen[] = [],
  ): Exchange => ({ question: worded(intent, values, random), kind: intent, answer, about, seen })
  const the = naming(object, scene, random)
  switch (intent) {
    case 'color':
      return ask(`${capital(object.color)}.`, object, {
        the: objects.length === 1 && random.chance(0.3) ? random.pick(['it', 'the object', 'the shape']) : `the ${object.shape}`,
      })
    case 'shape':
      return ask(`A ${object.shape}.`, object, {
        the:
          objects.length === 1 && random.chance(0.3)
            ? random.pick(['it', 'the object'])
            : `the ${object.color} ${random.pick(['object', 'one', 'thing', 'object', 'shape'])}`,
      })
    case 'colors':
      return ask(`${capital(objects.map(({ color }) => color).join(' and '))}.`, null)
    case 'shapes':
      return ask(`${capital(objects.map(withArticle).join(' and '))}.`, null)
    case 'count':
      return ask(objects.length === 1 ? 'One.' : 'Two.', null)
    case 'background':
      return ask(`${capital(scene.backdrop ? 'mixed' : scene.background)}.`, null)
    case 'motion':
    case 'first':
    case 'last': {
      const part = PARTS[intent]
      return ask(`It ${motionsText(object.phases.slice(...part))}.`, object, { the }, phasesOf([object], ...part))
    }
    case 'motions':
      return ask(
        sentences(objects, (each) => motionsText(each.phases)),
        null,
        {},
        phasesOf(objects),
      )
    case 'firsts':
    case 'lasts': {
      const part = PARTS[intent === 'firsts' ? 'first' : 'last']
      const [only] = objects.length === 1 ? objects : []
      return ask(
        only ? `It ${motionsText(only.phases.slice(...part))}.` : sentences(objects, ({ phases }) => motionsText(phases.slice(...part))),
        only ?? null,
        {},
        phasesOf(objects, ...part),
      )
    }
    case 'presence': {
      const half = random.next()
      const color = random.chance(0.5) ? object.color : random.pick(colorNames)
      const shape = random.chance(0.6) ? object.shape : random.pick(shapeNames)
      const name = half < 0.3 ? shape : half < 0.4 ? `${color} object` : `${color} ${shape}`
      const there =
        objects.find((each) => (half < 0.3 || half >= 0.4 ? each.shape === shape : true) && (half < 0.3 || each.color === color)) ?? null
      return ask(there ? 'Yes.' : 'No.', there, {
        a: `${/^o/.test(name) ? 'an' : 'a'} ${name}`,
        plural: name.endsWith('cross') ? `${name}es` : `${name}s`,
      })
    }
    case 'left':
    case 'right': {
      const [only] = objects.length === 1 ? objects : []
      const side = only ?? (intent === 'left' ? objects[0] : objects.at(-1)) ?? object
      return ask(`The ${nameOf(side)}.`, side)
    }
    case 'starts':
    case 'stops':
      return frames < MIN_TIMED_FRAMES ? asked('motion', { scene, frames }, scene, random) : timed(intent, object, the, random)
  }
}

const VERBS: Readonly<Record<MotionName, readonly [verb: string, gerund: string]>> = {
  right: ['move right', 'moving right'],
  left: ['move left', 'moving left'],
  up: ['move up', 'moving up'],
  down: ['move down', 'moving down'],
  grows: ['grow', 'growing'],
  shrinks: ['shrink', 'shrinking'],
  spins: ['spin', 'spinning'],
  still: ['stay still', 'staying still'],
  appears: ['appear', 'appearing'],
  disappears: ['disappear', 'disappearing'],
}
const DIRECTIONS: readonly MotionName[] = ['right', 'left', 'up', 'down']

function timed(intent: 'starts' | 'stops', object: SceneObject, the: string, random: Random): Exchange {
  const moves = object.phases.filter(({ motion }) => DIRECTIONS.includes(motion))
  const exchange = (verb: string, gerund: string, answer: string, phase?: Phase): Exchange => ({
    question: worded(intent, { the, verb, gerund }, random),
    kind: intent,
    answer,
    about: object,
    ...(phase && { seen: [{ object, phase: object.phases.indexOf(phase), part: intent === 'starts' ? 'start' : 'end' }] }),
  })
  if (random.chance(0.3)) {
    if (moves.length === 0) return exchange('move', 'moving', 'It does not move.')
    const [first, last] = [moves[0] as Phase, moves.at(-1) as Phase]
    return intent === 'starts'
      ? exchange('move', 'moving', startText(first.from), first)
      : exchange('move', 'moving', endText(last.to), last)
  }
  if (random.chance(0.12)) {
    const done = object.phases.map(({ motion }) => motion)
    const motion = random.pick(motionNames.filter((name) => !done.includes(name)))
    const [verb, gerund] = VERBS[motion]
    return exchange(verb, gerund, `It does not ${verb}.`)
  }
  const phase = random.pick(object.phases)
  const [verb, gerund] = VERBS[phase.motion]
  if (phase.motion === 'appears' || phase.motion === 'disappears') {
    const moment = phase.from + phase.amount * (phase.to - phase.from)
    return {
      ...exchange(verb, gerund, momentText(moment)),
      question: worded('starts', { the, verb, gerund }, random),
      kind: 'starts',
      seen: [{ object, phase: object.phases.indexOf(phase), part: 'start' }],
    }
  }
  const same = object.phases.filter(({ motion }) => motion === phase.motion)
  const [first, last] = [same[0] as Phase, same.at(-1) as Phase]
  return intent === 'starts' ? exchange(verb, gerund, startText(first.from), first) : exchange(verb, gerund, endText(last.to), last)
}

function startText(time: number): string {
  return time < 0.02 ? 'At the start.' : momentText(time)
}

function endText(time: number): string {
  return time > 0.98 ? 'At the end.' : momentText(time)
}

/** Times are shares of the clip, since the model sees frames and no clock. */
function momentText(time: number): string {
  return `About ${Math.round(time * 20) * 5}% into the clip.`
}

/** Questions about times, the end and presence, for the evaluation, in wordings of the training. */
export function* timedQuestion(scene: Scene, random: Random): Generator<{ figure: string; question: string; answer: string }> {
  const clip = { scene, frames: 16 }
  for (const [figure, intents] of [
    ['when it starts', ['starts']],
    ['what happens at the end', ['lasts', 'last']],
    ['whether it is there', ['presence']],
  ] as const) {
    const { question, answer } = asked(random.pick(intents), clip, scene, random)
    yield { figure, question, answer }
  }
}

/** Fills a wording that the training never uses, and returns its answer. */
export function heldOutAnswer(
  intent: Intent | 'describe' | 'unknown',
  wording: string,
  scene: Scene,
  random: Random,
): { readonly asked: string; readonly answer: string } {
  if (intent === 'unknown') return { asked: wording, answer: UNKNOWN_ANSWER }
  if (intent === 'describe') return { asked: wording, answer: describeScene(scene, false) }
  const object = random.pick(scene.objects)
  const the = intent === 'color' ? `the ${object.shape}` : intent === 'shape' ? `the ${object.color} object` : `the ${nameOf(object)}`
  const only = { ...scene, objects: [object] }
  const about = intent === 'color' || intent === 'shape' || intent === 'motion' ? only : scene
  return { asked: wording.replace('{the}', the), answer: asked(intent, { scene, frames: 8 }, about, random).answer }
}

function choiceExchange({ scene, frames }: AskedClip, random: Random): Exchange | null {
  if (!scene) return null
  const kind = random.pick(
    frames < MIN_TIMED_FRAMES
      ? choiceKinds.filter((name) => name !== 'motion' && name !== 'order')
      : ([...choiceKinds, 'motion', 'motion', 'order', 'order', 'shape', 'shape'] as const),
  )
  const choice = choiceOf(kind, scene, random)
  if (!choice) return null
  const { prompt, answerPrefix, letter, about, right } = choice
  if (answerPrefix === '') return { question: prompt, kind: 'choice', answer: right, about }
  const option = letter.charCodeAt(0) - 'A'.charCodeAt(0)
  // Without a given beginning too, as people ask.
  if (random.chance(0.25)) {
    return { question: asTyped(prompt.replace('Question: ', ''), random), kind: 'choice', answer: `(${letter}) ${right}`, about, option }
  }
  return { question: prompt, kind: 'choice', prefix: answerPrefix, answer: `${letter}) ${right}`, about, option }
}

function sentences(objects: readonly SceneObject[], motions: (object: SceneObject) => string): string {
  return objects.map((object) => `The ${nameOf(object)} ${motions(object)}.`).join(' ')
}

function naming(object: SceneObject, { objects }: Scene, random: Random): string {
  const names = [
    `the ${object.shape}`,
    `the ${nameOf(object)}`,
    `the ${nameOf(object)}`,
    `the ${object.color} ${random.pick(['object', 'one', 'shape'])}`,
  ]
  if (objects.length === 1) names.push('the object', 'it', 'the shape')
  else if (random.chance(0.2)) names.push(objects[0] === object ? 'the left object' : 'the right object')
  return random.pick(names)
}
