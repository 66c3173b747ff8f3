import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomSceneClip, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import { scoreDescription } from '../../src/bench/moving-shapes/score.ts'
import { describeQuestion, describeScene, type QuestionKind, questionOf } from '../../src/bench/moving-shapes/words.ts'
import type { EngineClient, TurnRequest } from '../../src/engine/engine-client.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'

const QUESTION_KINDS: readonly QuestionKind[] = ['color', 'shape', 'count', 'motion', 'first', 'last', 'background', 'presence']
/** First random stream; those of the training are below. */
const FIRST_STREAM = 100_000

export interface EvaluationOptions {
  readonly seed: number
  /** Number of clips to generate. */
  readonly count: number
  /** Frames per clip. Defaults to the model's. */
  readonly frames?: number
  /** Temporary folder of the clips. */
  readonly folder: string
  readonly onFault?: (clip: number, asked: string, given: string, right: string) => void
  readonly onClip?: (done: number) => void
}

/** Fractions of correct answers by name: those of `scoreDescription`, `question`, and `question: KIND` for each kind. */
export type Figures = ReadonlyMap<string, number>

/** Generates clips that no training has seen, encodes them as H.264, and compares the engine's answers with their content. */
export async function evaluateClips(engine: EngineClient, options: EvaluationOptions): Promise<Figures> {
  const signal = new AbortController().signal
  const sampling = samplingSchema.parse({ maxTokens: 96 })
  const tally = new Map<string, { right: number; of: number }>()
  const add = (name: string, right: number, of: number) => {
    const before = tally.get(name) ?? { right: 0, of: 0 }
    tally.set(name, { right: before.right + right, of: before.of + of })
  }
  const answerTo = async (conversation: string, turn: TurnRequest): Promise<string> => {
    for await (const event of engine.answer(conversation, turn, signal)) if (event.kind === 'done') return event.answer.text.trim()
    throw new Error('the engine ended without an answer')
  }

  const { defaults } = await engine.load(signal)
  const frames = { ...defaults.frames, ...(options.frames !== undefined && { count: options.frames }) }
  for (let i = 0; i < options.count; i++) {
    const random = new Random(options.seed, FIRST_STREAM + i)
    const { scene, shape } = randomSceneClip(random)
    const conversation = String(i)
    const path = join(options.folder, `${i}.mp4`)
    await writeSceneClip(path, scene, shape, options.seed + i)
    const request = describeQuestion(scene, random, false).question
    const described = await answerTo(conversation, { kind: 'ask', text: request, clip: { path, frames }, sampling })
    for (const [name, counts] of Object.entries(scoreDescription(scene, described))) add(name, ...counts)
    if (described !== describeScene(scene, false)) options.onFault?.(i, request, described, describeScene(scene, false))
    for (const kind of QUESTION_KINDS) {
      const { question, answer } = questionOf(kind, scene, random)
      const given = await answerTo(conversation, { kind: 'edit', turn: 0, text: question, sampling })
      for (const name of ['question', `question: ${kind}`]) add(name, given === answer ? 1 : 0, 1)
      if (given !== answer) options.onFault?.(i, question, given, answer)
    }
    await engine.close(conversation)
    await rm(path)
    options.onClip?.(i + 1)
  }
  return new Map([...tally].map(([name, { right, of }]) => [name, Math.round((1000 * right) / of) / 1000]))
}
