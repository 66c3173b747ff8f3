import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verdictOnLogits } from '../../src/engine/language/device-self-test.ts'
import { ask, run, TinyEngines } from '../engine/conversation/tiny-engine.ts'
import { expectedOf, traceOf } from '../helpers/parity.ts'
import { LAVAPIPE_NAME, softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

Object.assign(process.env, softwareGpuEnv('lavapipe'))
const onLavapipe = expect.stringMatching(new RegExp(`^vulkan \\(${LAVAPIPE_NAME} `))

describe.skipIf(softwareGpus.lavapipe === undefined)('llama.cpp on Vulkan', () => {
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

  test('the disk cache serves the device that wrote it', async () => {
    const described = async (device: 'cpu' | 'vulkan') => {
      await using engine = tiny.start({ device, cache: true })
      return (await run(engine, ask('What is this?', tiny.clip('a.mp4')))).answer
    }
    const onCpu = await described('cpu')
    expect(onCpu).toMatchObject({ cached: 'nothing', device: { language: 'cpu', vision: 'cpu' } })
    // The tower uses the CPU both times, so its rows serve both; the state does not.
    const onGpu = await described('vulkan')
    expect(onGpu).toMatchObject({ cached: 'embeddings', device: { language: onLavapipe, vision: 'not needed' } })
    expect(await described('vulkan')).toMatchObject({ cached: 'state', text: onGpu.text, device: { language: onLavapipe } })
    expect(await described('cpu')).toMatchObject({ cached: 'state', text: onCpu.text, device: { language: 'cpu' } })
  })
})
