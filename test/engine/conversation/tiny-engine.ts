import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Engine } from '../../../src/engine/engine.ts'
import type { ClipRequest, EngineOptions, Message, TurnRequest } from '../../../src/engine/engine-client.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import type { Answer, EngineEvent } from '../../../src/shared/engine-events.ts'
import { type Sampling, samplingSchema } from '../../../src/shared/sampling.ts'
import { type CheckpointName, checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'

export const never = new AbortController().signal

/** A folder with two clips and a home folder with a tiny random model of the real architecture. Disposing it closes its engines. */
export class TinyEngines implements AsyncDisposable {
  readonly folder: string
  readonly #engines: Engine[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(checkpoint: CheckpointName = 'tied-heads-of-16'): Promise<TinyEngines> {
    const made = new TinyEngines(await mkdtemp(join(tmpdir(), 'tarsier-talk-')))
    await importCheckpoint(checkpointPath(checkpoint), {
      name: 'tiny',
      language: 'f32',
      vision: 'f32',
      home: made.home,
      signal: never,
    })
    await writeClip(made.path('a.mp4'), numberedPictures(20, 126, 70))
    await writeClip(made.path('b.mkv'), numberedPictures(9, 84, 112))
    return made
  }

  get home(): string {
    return join(this.folder, 'home')
  }

  get cache(): string {
    return join(this.home, 'cache', 'clips')
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  start(options: Partial<EngineOptions> = {}): Engine {
    const engine = new Engine({ model: 'tiny', device: 'cpu', home: this.home, cache: false, ...options })
    this.#engines.push(engine)
    return engine
  }

  clip(name: string, count = 4, maxPixels?: number): ClipRequest {
    return { path: this.path(name), frames: { kind: 'uniform', count }, maxPixels }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines) await engine[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export function testSampling(options: Partial<Sampling> = {}): Sampling {
  return samplingSchema.parse({ maxTokens: 12, ...options })
}

export function ask(text: string, clip?: ClipRequest, options: Partial<Sampling> = {}): Extract<TurnRequest, { kind: 'ask' }> {
  return { kind: 'ask', text, clip, sampling: testSampling(options) }
}

export function chat(...messages: readonly Message[]): TurnRequest {
  return { kind: 'chat', messages, sampling: testSampling() }
}

export interface Run {
  readonly answer: Answer
  readonly events: readonly EngineEvent[]
}

export async function run(engine: Pick<Engine, 'answer'>, turn: TurnRequest, conversation = 'talk', signal = never): Promise<Run> {
  const events: EngineEvent[] = []
  for await (const event of engine.answer(conversation, turn, signal)) events.push(event)
  const last = events.at(-1)
  if (last?.kind !== 'done') throw new Error('a run ends with done')
  return { answer: last.answer, events }
}

/** Runs turns in a new conversation and returns the last answer. */
export async function answerInNewConversation(engine: Engine, ...turns: readonly TurnRequest[]): Promise<Answer> {
  let answer: Answer | null = null
  for (const turn of turns) answer = (await run(engine, turn, 'fresh')).answer
  await engine.close('fresh')
  if (!answer) throw new Error('there must be a turn')
  return answer
}
