import { choiceOf } from '../../src/bench/moving-shapes/choices.ts'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomScene } from '../../src/bench/moving-shapes/scene.ts'
import { randomSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { scoreDescription } from '../../src/bench/moving-shapes/score.ts'
import { describeQuestion, describeScene, type QuestionKind, questionOf } from '../../src/bench/moving-shapes/words.ts'
import { type Check, check, type Evaluation, longerClip, streamOf } from './asker.ts'
import { timedQuestion } from './dialogues.ts'

const QUESTION_KINDS: readonly QuestionKind[] = ['color', 'shape', 'count', 'motion', 'first', 'last', 'background', 'presence']
const DESCRIBE = 'Describe the video in detail.'

/** Descriptions, and a question of each kind in the first turn. */
export const evaluateAnswers: Evaluation = async function* (context) {
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i))
    const clip = randomSceneClip(random)
    const { scene } = clip
    yield* context.asker.about(context, String(i), clip, async function* ({ first }) {
      const asked = describeQuestion(scene, random, false).question
      const given = await first(asked)
      const wanted = describeScene(scene, false)
      for (const [figure, [right, of]] of Object.entries(scoreDescription(scene, given))) {
        yield { figure, right, of, clip: String(i), asked, given, wanted }
      }
      for (const kind of QUESTION_KINDS) {
        const { question, answer } = questionOf(kind, scene, random)
        const one = check(`question: ${kind}`, String(i), question, await first(question), answer)
        yield { ...one, figure: 'question' }
        yield one
      }
    })
  }
}

/** Conversations of six turns, of which every second one asks for the description again. */
export const evaluateConversations: Evaluation = async function* (context) {
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i + 10_000))
    const clip = randomSceneClip(random)
    yield* context.asker.about(context, `conversation-${i}`, clip, async function* ({ next }) {
      const wanted = describeScene(clip.scene, false)
      for (let turn = 1; turn <= 6; turn++) {
        if (turn === 1 || random.chance(0.5)) {
          const given = await next(DESCRIBE)
          if (turn > 1) yield check('description again', `${i} turn ${turn}`, DESCRIBE, given, wanted)
        } else {
          const { question, answer } = questionOf(random.pick(QUESTION_KINDS), clip.scene, random)
          yield check('question in any turn', `${i} turn ${turn}`, question, await next(question), answer)
        }
      }
    })
  }
}

/** Every number of frames in turn, with as many motions as they show, in clips of half a second to half a minute. */
export const evaluateFrames: Evaluation = async function* (context) {
  const counts = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 47, 56, 64]
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i + 20_000))
    const frames = counts[i % counts.length] ?? 8
    const { shape } = randomSceneClip(random)
    const phases = frames < 6 ? 1 : frames < 12 ? 2 : frames < 20 ? 3 : 4
    const scene = randomScene(random, { aspect: shape.width / shape.height, phases })
    const seconds = Math.exp(random.between(Math.log(0.5), Math.log(30)))
    const length = longerClip(random, { ...shape, frames: Math.round(shape.rate * seconds) }, frames)
    // In a single frame nothing moves, and an object that is not there yet cannot be named.
    if (frames === 1 && scene.objects.some(({ phases: [first] }) => first?.motion === 'appears')) continue
    yield* context.asker.about({ ...context, frames }, `frames-${i}`, { scene, shape: length }, async function* ({ first }) {
      const given = await first(DESCRIBE)
      const wanted = describeScene(scene, frames === 1)
      if (frames === 1) {
        yield check('frames: 1', String(i), DESCRIBE, given, wanted)
        return
      }
      const { motion, order } = scoreDescription(scene, given)
      const group = frames < 6 ? '2 to 5' : frames < 17 ? '6 to 16' : frames < 33 ? '17 to 32' : '33 to 64'
      for (const [name, [right, of]] of Object.entries({ motion, order })) {
        const one: Check = { figure: `frames: ${name}`, right, of, clip: `${i} (${frames} frames)`, asked: DESCRIBE, given, wanted }
        yield one
        yield { ...one, figure: `frames: ${name}, ${group}` }
      }
    })
  }
}

/** Questions with choices lettered A to D. */
export const evaluateChoices: Evaluation = async function* (context) {
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i + 30_000))
    const clip = randomSceneClip(random)
    yield* context.asker.about(context, `choice-${i}`, clip, async function* ({ first }) {
      for (const kind of ['motion', 'order', 'shape'] as const) {
        const choice = choiceOf(kind, clip.scene, random)
        if (!choice) continue
        const given = await first(choice.prompt, choice.answerPrefix)
        yield check(`choice: ${kind}`, String(i), choice.prompt, /[A-D]/.exec(given)?.[0] ?? given, choice.letter)
      }
    })
  }
}

/** When something starts, what is last, and whether something is there. */
export const evaluateTimes: Evaluation = async function* (context) {
  for (let i = 0; i < context.count; i++) {
    const random = new Random(context.seed, streamOf(i + 40_000))
    const clip = randomSceneClip(random)
    yield* context.asker.about({ ...context, frames: context.frames ?? 16 }, `time-${i}`, clip, async function* ({ first }) {
      for (const { figure, question, answer } of timedQuestion(clip.scene, random)) {
        const given = await first(question)
        const right = given === answer || (/%/.test(answer) && Math.abs(percentOf(given) - percentOf(answer)) <= 10)
        yield { figure, right: right ? 1 : 0, of: 1, clip: String(i), asked: question, given, wanted: answer }
      }
    })
  }
}

function percentOf(text: string): number {
  if (text === 'At the start.') return 0
  if (text === 'At the end.') return 100
  return Number(/(\d+)%/.exec(text)?.[1] ?? Number.NaN)
}
