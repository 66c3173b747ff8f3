import { cp, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TarsierModel } from '../../../src/bench/run/tarsier-model.ts'
import { clipThenText, type Sample } from '../../../src/bench/sample.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { childrenOf } from '../../helpers/child-processes.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const video = fileURLToPath(new URL('../../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
const never = new AbortController().signal
const sample: Sample = {
  key: 'DREAM-1',
  dataset: 'DREAM',
  task: '',
  idx: 1,
  vid: null,
  content: clipThenText(video, 'Describe the video in detail.'),
  prompt: 'Describe the video in detail.',
  answerPrefix: '',
  reference: 'A',
  question: null,
  extraInfo: {},
}

test('a crash of the engine fails the sample, and crashes at three samples in a row end the run', async () => {
  await using home = await ScratchFolder.make()
  const sampling = samplingSchema.parse({ maxTokens: 16 })
  await using model = await TarsierModel.open(
    { engine: { model: 'demo', device: 'cpu', home: home.directory }, frames: { count: 4 }, sampling, version: '0' },
    never,
  )
  const killed = async (key = sample.key) => {
    const answer = model.answer({ ...sample, key }, [video], never)
    for (const child of await children()) process.kill(child, 'SIGKILL')
    return await answer.catch((error: unknown) => error)
  }
  const first = await model.answer(sample, [video], never)
  expect(first.text).toContain('circle')
  expect(await killed()).toMatchObject({ code: 'engine-crashed' })
  // The next sample uses a new engine and resets the count.
  expect((await model.answer(sample, [video], never)).text).toBe(first.text)
  expect(await killed()).toMatchObject({ code: 'engine-crashed' })
  // The same sample again is the same cause.
  expect(await killed()).toMatchObject({ code: 'engine-crashed' })
  expect(await killed('DREAM-2')).toMatchObject({ code: 'engine-crashed' })
  expect(await killed('DREAM-3')).toMatchObject({ code: 'native-library' })
}, 300_000)

test('a model that is overwritten during a run ends the run', async () => {
  await using home = await ScratchFolder.make()
  const folder = join(home.directory, 'model')
  await cp(fileURLToPath(new URL('../../../resources/models/demo/', import.meta.url)), folder, { recursive: true })
  const sampling = samplingSchema.parse({ maxTokens: 16 })
  const engine = { model: folder, device: 'cpu', home: home.directory } as const
  await using model = await TarsierModel.open({ engine, frames: { count: 4 }, sampling, version: '0' }, never)
  expect((await model.answer(sample, [video], never)).text).toContain('circle')
  const { language } = await readManifest(folder)
  const file = await open(join(folder, language.file), 'r+')
  await file.write('GGUF', 0)
  await file.close()
  await expect(model.answer(sample, [video], never)).rejects.toMatchObject({
    code: 'model-damaged',
    message: expect.stringContaining(language.file),
  })
})

async function children(): Promise<readonly number[]> {
  for (;;) {
    const found = childrenOf(process.pid)
    if (found.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
