import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../../src/bench/moving-shapes/random.ts'
import type { Scene } from '../../src/bench/moving-shapes/scene.ts'
import { type ClipShape, writeSceneClip } from '../../src/bench/moving-shapes/scene-clip.ts'
import type { EngineClient, TurnRequest } from '../../src/engine/engine-client.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'

/** One comparison: `right` of `of` parts of an answer were correct. */
export interface Check {
  readonly figure: string
  readonly right: number
  readonly of: number
  readonly clip: string
  readonly asked: string
  readonly given: string
  readonly wanted: string
}

/** First random stream of evaluations; those of the training are below. */
const FIRST_STREAM = 100_000

/** Fractions of correct answers by name. */
export type Figures = ReadonlyMap<string, number>

/** What an evaluation of the demo model works with. */
export interface EvaluationContext {
  readonly asker: Asker
  readonly seed: number
  /** Number of clips to generate. */
  readonly count: number
  /** Frames per clip; the model's default if undefined. */
  readonly frames?: number | undefined
  /** Temporary folder of the clips. */
  readonly folder: string
  /** Folder of files that show anything but drawn shapes. */
  readonly real?: string | undefined
}

export type Evaluation = (context: EvaluationContext) => AsyncGenerator<Check>

/** Runs evaluations and sums up their figures. `onFault` gets every comparison that was not entirely right. */
export async function figuresOf(
  evaluations: readonly Evaluation[],
  context: EvaluationContext,
  onFault?: (fault: Check) => void,
): Promise<Figures> {
  const tally = new Map<string, { right: number; of: number }>()
  for (const evaluation of evaluations) {
    for await (const one of evaluation(context)) {
      const before = tally.get(one.figure) ?? { right: 0, of: 0 }
      tally.set(one.figure, { right: before.right + one.right, of: before.of + one.of })
      if (one.given !== one.wanted) onFault?.(one)
    }
  }
  return new Map([...tally].map(([name, { right, of }]) => [name, Math.round((1000 * right) / Math.max(1, of)) / 1000]))
}

export function streamOf(clip: number): number {
  return FIRST_STREAM + clip
}

/** Asks the engine, each clip in a conversation of its own. */
export class Asker {
  readonly #engine: EngineClient
  readonly #sampling = samplingSchema.parse({ maxTokens: 96 })
  readonly #signal = new AbortController().signal
  #conversations = 0

  constructor(engine: EngineClient) {
    this.#engine = engine
  }

  /** Opens a conversation about a file. `frames` defaults to the model's number. */
  async open(path: string, frames: number | undefined): Promise<Dialogue> {
    const { defaults } = await this.#engine.load(this.#signal)
    const name = String(this.#conversations++)
    const clip = { path, frames: { ...defaults.frames, ...(frames !== undefined && { count: frames }) } }
    let turns = 0
    const answer = async (request: TurnRequest): Promise<string> => {
      for await (const event of this.#engine.answer(name, request, this.#signal)) {
        if (event.kind === 'done') return event.answer.text.trim()
      }
      throw new Error('the engine ended without an answer')
    }
    const sampling = this.#sampling
    const next = (text: string, answerPrefix?: string) =>
      answer({ kind: 'ask', text, ...(turns++ === 0 && { clip }), sampling, ...(answerPrefix !== undefined && { answerPrefix }) })
    return {
      next,
      first: (text, answerPrefix) =>
        turns === 0
          ? next(text, answerPrefix)
          : answer({ kind: 'edit', turn: 0, text, sampling, ...(answerPrefix !== undefined && { answerPrefix }) }),
      close: () => this.#engine.close(name),
    }
  }

  /** Writes a scene as H.264, asks about it, and removes it again. */
  async *about(
    { folder, seed, frames }: Pick<EvaluationContext, 'folder' | 'seed' | 'frames'>,
    name: string,
    { scene, shape }: { readonly scene: Scene; readonly shape: ClipShape },
    ask: (dialogue: Dialogue) => AsyncGenerator<Check>,
  ): AsyncGenerator<Check> {
    const path = join(folder, `${name}.mp4`)
    await writeSceneClip(path, scene, shape, seed)
    const dialogue = await this.open(path, frames)
    try {
      yield* ask(dialogue)
    } finally {
      await dialogue.close()
      await rm(path)
    }
  }
}

export interface Dialogue {
  /** Asks in a new turn. */
  next(text: string, answerPrefix?: string): Promise<string>
  /** Asks in the first turn, and drops all later ones. */
  first(text: string, answerPrefix?: string): Promise<string>
  close(): Promise<void>
}

export function check(figure: string, clip: string, asked: string, given: string, wanted: string): Check {
  return { figure, right: given === wanted ? 1 : 0, of: 1, clip, asked, given, wanted }
}

/** Draws the length of a file whose frames suffice for `frames` of them. */
export function longerClip(random: Random, shape: ClipShape, frames: number): ClipShape {
  return { ...shape, frames: Math.max(shape.frames, frames, random.whole(frames, 2 * frames)) }
}
