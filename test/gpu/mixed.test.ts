import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, run, TinyEngines } from '../engine/conversation/tiny-engine.ts'
import { LAVAPIPE_NAME, LAVAPIPE_OF_BOTH, softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

const both = softwareGpus.lavapipe !== undefined && softwareGpus.swiftshader !== undefined
Object.assign(process.env, softwareGpuEnv('lavapipe', 'swiftshader'), LAVAPIPE_OF_BOTH)

describe.skipIf(!both)('parts of a model on separate devices', () => {
  let tiny: TinyEngines
  let expected: string
  const question = () => ask('What is this?', tiny.clip('a.mp4'))
  beforeAll(async () => {
    tiny = await TinyEngines.make()
    expected = (await run(tiny.start({ device: 'cpu' }), question())).answer.text
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  const vulkan = expect.stringMatching(new RegExp(`^vulkan \\(${LAVAPIPE_NAME} `))

  test.each([
    [`vision=webgpu,language=vulkan:${LAVAPIPE_NAME}`, { vision: 'webgpu', language: vulkan }],
    [`vision=cpu,language=vulkan:${LAVAPIPE_NAME.toUpperCase()}`, { vision: 'cpu', language: vulkan }],
    ['vision=webgpu,language=cpu', { vision: 'webgpu', language: 'cpu' }],
  ])('%s', async (device, used) => {
    const { answer } = await run(tiny.start({ device }), question())
    expect(answer.device).toMatchObject(used)
    expect(answer.text).toBe(expected)
  })

  // The language model needs 23 MB with its context, the tower 378 MB with its largest frame.
  test('runs a tower on the CPU that does not fit into the GPU’s memory', async () => {
    const engine = tiny.start({ device: `vision=webgpu,language=vulkan:${LAVAPIPE_NAME}`, limits: { gpu: 30e6 } })
    const { answer } = await run(engine, question())
    const notice = /^The vision tower needs \d+ MB of the GPU's memory, of which 30 MB are free, and runs on the CPU\.$/
    expect(answer.device).toMatchObject({ vision: 'cpu', language: vulkan, fallbacks: [expect.stringMatching(notice)] })
    expect(answer.text).toBe(expected)
  })

  test('leaves room for the tower by placing a layer fewer on the GPU', async () => {
    const engine = tiny.start({ device: `vision=webgpu,language=vulkan:${LAVAPIPE_NAME}`, limits: { gpu: 399.6e6 } })
    const { answer } = await run(engine, question())
    const split = expect.stringMatching(/^vulkan \(.*, [12] of 3 layers\)$/)
    const notice = /^Only [12] of 3 layers fit into the GPU memory next to the vision tower; the rest run on the CPU\.$/
    expect(answer.device).toMatchObject({
      vision: 'webgpu',
      language: split,
      fallbacks: expect.arrayContaining([expect.stringMatching(notice)]),
    })
    expect(answer.text).toBe(expected)
  })

  test('rejects a missing GPU with the names of the existing ones', async () => {
    const engine = tiny.start({ device: 'vulkan:RTX 4090' })
    const expectedError = expect.objectContaining({
      code: 'device-unavailable',
      message: expect.stringMatching(/contains "RTX 4090"\. Available devices: llvmpipe /),
    })
    await expect(run(engine, question())).rejects.toEqual(expectedError)
  })
})
