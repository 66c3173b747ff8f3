import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EngineClient, TurnRequest } from '../../../src/engine/engine-client.ts'
import { startEngineHost } from '../../../src/engine/host/host-client.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { RemoteEngine } from '../../../src/servers/remote-engine.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { RunServer } from '../serve/run-server.ts'

const never = new AbortController().signal
const path = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
const picture = fileURLToPath(new URL('../../fixtures/media/420.jpg', import.meta.url))
const sampling = samplingSchema.parse({ maxTokens: 24 })

/** `tarsier serve` on this machine, with models of both families besides the demo model. */
let run: RunServer
let keyBefore: string | undefined
beforeAll(async () => {
  run = await RunServer.make()
  for (const name of ['newer-keys-heads-of-64', 'tarsier-heads-of-16'] as const)
    await importCheckpoint(checkpointPath(name), { name, language: 'f32', vision: 'f32', home: run.home, signal: never })
  keyBefore = process.env.OPENAI_API_KEY
  process.env.OPENAI_API_KEY = run.server.token ?? ''
})
afterAll(async () => {
  if (keyBefore === undefined) delete process.env.OPENAI_API_KEY
  else process.env.OPENAI_API_KEY = keyBefore
  await run[Symbol.asyncDispose]()
})

/** The questions: a few frames, more frames than vLLM's default, an image, two clips and a given beginning of the answer. */
const turns: readonly TurnRequest[] = [
  { kind: 'ask', clip: { path, frames: { kind: 'uniform', count: 3 } }, sampling },
  { kind: 'ask', text: 'What happens?', clip: { path, frames: { kind: 'middle', count: 40 }, maxPixels: 28 * 28 }, sampling },
  { kind: 'ask', clip: { path: picture, frames: { kind: 'uniform', count: 1 } }, system: 'Be brief.', sampling },
  {
    kind: 'chat',
    messages: [
      {
        role: 'user',
        content: [
          { kind: 'clip', clip: { path: picture, frames: { kind: 'uniform', count: 1 } } },
          { kind: 'text', text: 'Is it in the video?' },
          { kind: 'clip', clip: { path, frames: { kind: 'uniform', count: 2 } } },
        ],
      },
    ],
    answerPrefix: 'There is',
    sampling: samplingSchema.parse({ maxTokens: 24, temperature: 0.7, seed: 3 }),
  },
]

async function answersOf(engine: Pick<EngineClient, 'answer' | 'close'>): Promise<object[]> {
  const answers: object[] = []
  for (const turn of turns) {
    for await (const event of engine.answer('one', turn, never)) if (event.kind === 'done') answers.push(comparable(event.answer))
    await engine.close('one')
  }
  return answers
}

function comparable({ text, finish, frames, width, height, tokens: { visual, prompt, generated } }: Answer): object {
  return { text, finish, frames, width, height, visual, prompt, generated }
}

it.each(['demo', 'newer-keys-heads-of-64', 'tarsier-heads-of-16'])('has the tokens and answers of the engine: %s', async (model) => {
  await using remote = new RemoteEngine({ model, home: run.home, baseUrls: [`${run.base}/v1`] })
  await using local = startEngineHost({ model, device: 'cpu', home: run.home, cache: false })
  expect(await answersOf(remote)).toEqual(await answersOf(local))
})
