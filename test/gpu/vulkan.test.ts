import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HostClient } from '../../src/engine/host/host-client.ts'
import { testLogits, verdictOnLogits } from '../../src/engine/language/device-self-test.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { writeRandomCheckpoint } from '../../tools/bench/random-model.ts'
import { ask, never, run, TinyEngines, testSampling } from '../engine/conversation/tiny-engine.ts'
import { loadTiny } from '../engine/language/tiny-model.ts'
import { expectedOf, traceOf } from '../helpers/parity.ts'
import { LAVAPIPE_NAME, softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

const { lavapipe: driver = '' } = softwareGpus
Object.assign(process.env, softwareGpuEnv('lavapipe'))
const onLavapipe = expect.stringMatching(new RegExp(`^vulkan \\(${LAVAPIPE_NAME} `))

describe.skipIf(driver === '')('llama.cpp on Vulkan', () => {
  let tiny: TinyEngines
  beforeAll(async () => {
    tiny = await TinyEngines.make()
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  test.each(['tied-heads-of-16', 'newer-keys-heads-of-64', 'tied-heads-of-128', 'tarsier-heads-of-16'] as const)(
    '%s gives the reference’s logits and answer',
    async (name) => {
      const wanted = expectedOf(name)
      const { trace, tensors } = await traceOf(name, { home: tiny.home, language: 'f32', vision: 'f32', device: 'vulkan' })
      expect(trace.device).toMatchObject({ language: onLavapipe, vision: 'cpu' })
      const verdict = verdictOnLogits(wanted.tensors.floats('logits'), tensors.floats('logits'))
      expect(verdict).toMatchObject({ passed: true })
      expect(trace.generated).toEqual(wanted.trace.generated)
    },
  )

  // The model has three layers including its output, and needs 23 MB with its context.
  test.each([
    [22e6, /^vulkan \(.*, [12] of 3 layers\)$/, /^Only [12] of 3 layers fit into the GPU memory/],
    [1e6, /^cpu$/, /^The model does not fit into the GPU memory and runs on the CPU\.$/],
  ])('with %i bytes of the GPU’s memory only a part of the model goes there, or none', async (gpu, device, notice) => {
    const question = ask('What is this?', tiny.clip('b.mkv'))
    const { answer } = await run(tiny.start({ device: 'vulkan', limits: { gpu } }), question)
    expect(answer.device).toMatchObject({
      language: expect.stringMatching(device),
      fallbacks: expect.arrayContaining([expect.stringMatching(notice)]),
    })
    expect(answer.text).toBe((await run(tiny.start(), question)).answer.text)
  })

  describe('in fewer bits', () => {
    // K-quants need rows of 256.
    const sizes = { layers: 2, width: 256, feedForward: 256, heads: 2, keyValueHeads: 1 }
    beforeAll(() => writeRandomCheckpoint(tiny.path('wide'), { ...sizes, vision: { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 } }))

    test.each(['f16', 'q8_0', 'q4_k_m'] as const)('a language model in %s gives the CPU’s logits', async (language) => {
      const imported = { name: language, language, vision: 'f32', home: tiny.home, signal: never } as const
      const directory = await importCheckpoint(tiny.path('wide'), imported)
      const logitsOn = async (device: 'cpu' | 'vulkan') => {
        await using model = await loadTiny(join(directory, 'language.gguf'), device)
        return { device: model.device, logits: await testLogits(model, never) }
      }
      const onCpu = await logitsOn('cpu')
      const onGpu = await logitsOn('vulkan')
      expect([onCpu.device, onGpu.device]).toEqual(['cpu', onLavapipe])
      expect(verdictOnLogits(onCpu.logits, onGpu.logits)).toMatchObject({ passed: true })
    })
  })

  test('a conversation is the CPU’s, and its cached state is used by the device and driver that computed it only', async () => {
    const answersOn = async (device: 'cpu' | 'vulkan') => {
      await using engine = tiny.start({ device, cache: true })
      const description = (await run(engine, ask('What is this?', tiny.clip('a.mp4')))).answer
      const further = (await run(engine, ask('Which colour?'))).answer
      const anew = (await run(engine, { kind: 'regenerate', sampling: testSampling({ maxTokens: 16 }) })).answer
      return { ...description, texts: [description, further, anew].map(({ text }) => text) }
    }
    const onCpu = await answersOn('cpu')
    expect(onCpu).toMatchObject({ cached: 'nothing', device: { language: 'cpu', vision: 'cpu' } })
    // The tower computes on the CPU both times, so its rows are reused; the state is not.
    const { texts } = onCpu
    expect(await answersOn('vulkan')).toMatchObject({ cached: 'embeddings', texts, device: { language: onLavapipe, vision: 'not needed' } })
    expect(await answersOn('vulkan')).toMatchObject({ cached: 'state', texts, device: { language: onLavapipe } })
    expect(await answersOn('cpu')).toMatchObject({ cached: 'state', texts, device: { language: 'cpu' } })

    // A process keeps the driver that it loaded, so other drivers need other processes.
    const answerWith = async (manifest: string) => {
      Object.assign(process.env, { VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest })
      await using client = new HostClient({ model: 'tiny', device: 'vulkan', home: tiny.home, cache: true })
      return (await run(client, ask('What is this?', tiny.clip('a.mp4')))).answer
    }
    const [text] = texts
    expect(await answerWith(driver)).toMatchObject({ cached: 'state', text, device: { language: onLavapipe } })
    const other = tiny.path('other-driver.json')
    await copyFile(driver, other)
    expect(await answerWith(other)).toMatchObject({ cached: 'embeddings', text, device: { language: onLavapipe } })
    Object.assign(process.env, softwareGpuEnv('lavapipe'))
  })
})
