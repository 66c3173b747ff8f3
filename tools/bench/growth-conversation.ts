import { join } from 'node:path'
import { Engine } from '../../src/engine/engine.ts'
import type { ChatMessage } from '../../src/engine/language/types.ts'
import { loadModel } from '../../src/engine/loaded-model.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { writeClip } from '../../test/helpers/make-clip.ts'
import { numberedPictures } from '../../test/helpers/numbered-picture.ts'
import { costOf, costOnce, type Growth } from './growth-cost.ts'

const FRAMES = [1, 4, 16, 64, 256]
const TURNS = [1, 10, 100, 1000]
const ROUNDS = 2
const signal = new AbortController().signal
const options = { model: 'demo', device: 'cpu', cache: false } as const

/** Costs of describing a clip with more and more frames. */
export async function frameCosts(home: string): Promise<Growth[]> {
  const path = join(home, 'numbers.mp4')
  await writeClip(path, numberedPictures(Math.max(...FRAMES), 128, 72))
  await using engine = new Engine({ ...options, home })
  const sampling = samplingSchema.parse({ maxTokens: 8 })
  const answer = async (count: number) => {
    const clip = { path, frames: { kind: 'uniform', count } } as const
    for await (const _ of engine.answer('c', { kind: 'ask', text: 'What happens?', clip, sampling }, signal)) {
      // only the end of the answer matters
    }
    await engine.close('c')
  }
  await answer(1) // loads model and tower
  const points = []
  for (const size of FRAMES) {
    let cost = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) cost = Math.min(cost, await costOnce(() => answer(size)))
    points.push({ size, cost })
  }
  return [{ what: 'describing frames', points }]
}

/** Costs of writing the prompt of the next question, after more and more turns. */
export async function turnCosts(home: string): Promise<Growth[]> {
  await using model = await loadModel({ ...options, home }, signal)
  const { language } = model.resources
  const points = []
  for (const size of TURNS) points.push({ size, cost: await costOf(() => language.prompt(messages(size), { addGenerationPrompt: true })) })
  return [{ what: 'prompt after turns', points }]
}

/** A clip and `turns` questions, all but the last with an answer. */
function messages(turns: number): ChatMessage[] {
  return Array.from({ length: turns }, (_, turn): ChatMessage[] => {
    const question: ChatMessage = {
      role: 'user',
      content: [...(turn === 0 ? [{ type: 'video' } as const] : []), { type: 'text', text: `What happens in part ${turn + 1}?` }],
    }
    const answer: ChatMessage = {
      role: 'assistant',
      content: [{ type: 'text', text: 'A blue square spins, then a star moves to the left.' }],
    }
    return turn === turns - 1 ? [question] : [question, answer]
  }).flat()
}
