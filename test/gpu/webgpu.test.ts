import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { userMessage } from '../../src/engine/engine-client.ts'
import type { DeviceChoice } from '../../src/shared/devices.ts'
import { ask, chat, run, TinyEngines, testSampling } from '../engine/conversation/tiny-engine.ts'
import { expectedOf, relative, smallestCosine, traceOf } from '../helpers/parity.ts'
import { softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

Object.assign(process.env, softwareGpuEnv('swiftshader'))
const webgpu: DeviceChoice = 'vision=webgpu,language=cpu'
const onWebgpu = { vision: 'webgpu', language: 'cpu' }

describe.skipIf(softwareGpus.swiftshader === undefined)('ONNX Runtime on WebGPU', () => {
  let tiny: TinyEngines
  beforeAll(async () => {
    tiny = await TinyEngines.make()
  })
  afterAll(() => tiny[Symbol.asyncDispose]())

  test.each(['tied-heads-of-16', 'newer-keys-heads-of-64', 'tarsier-heads-of-16', 'tarsier-shuffled-heads-of-64'] as const)(
    '%s gives the reference’s rows and answer',
    async (name) => {
      const wanted = expectedOf(name)
      const { trace, tensors } = await traceOf(name, { home: tiny.home, language: 'f32', vision: 'f32', device: webgpu })
      expect(trace.device).toMatchObject(onWebgpu)
      expect(relative(tensors.floats('embeddings'), wanted.tensors.floats('embeddings'))).toBeLessThan(1e-3)
      expect(trace.generated).toEqual(wanted.trace.generated)
    },
  )

  test.each([
    ['f16', 0.9995],
    ['int8', 0.9995],
    // Both round the inputs of every product to 8 bits, but not alike: each has a cosine of 0.9992 or more to the rows without that rounding.
    ['int4', 0.998],
  ] as const)('a tower in %s gives the rows that it gives on the CPU', async (vision, cosine) => {
    const rowsOn = async (device: DeviceChoice) => {
      const { trace, tensors } = await traceOf('tied-heads-of-16', { home: tiny.home, language: 'f32', vision, device })
      return { device: trace.device, rows: tensors.floats('embeddings'), width: tensors.shape('embeddings')[1] ?? 0 }
    }
    const onGpu = await rowsOn(webgpu)
    const onCpu = await rowsOn('cpu')
    expect(onGpu.device).toMatchObject(onWebgpu)
    expect(smallestCosine(onGpu.rows, onCpu.rows, onCpu.width)).toBeGreaterThanOrEqual(cosine)
  })

  test('a further question and an answer given anew are the CPU’s', async () => {
    const textsOn = async (device: DeviceChoice) => {
      await using engine = tiny.start({ device })
      const description = (await run(engine, ask('What is this?', tiny.clip('a.mp4')))).answer
      const further = (await run(engine, ask('Which colour?'))).answer
      const anew = (await run(engine, { kind: 'regenerate', sampling: testSampling({ maxTokens: 16 }) })).answer
      return { used: description.device, texts: [description, further, anew].map(({ text }) => text) }
    }
    const onGpu = await textsOn(webgpu)
    const onCpu = await textsOn('cpu')
    expect(onGpu).toEqual({ used: expect.objectContaining(onWebgpu), texts: onCpu.texts })
    expect(onCpu.texts.every((text) => text !== '')).toBe(true)
  })

  test('cached rows and states are used by the device that computed them only', async () => {
    const opening = [userMessage('What is this?', tiny.clip('b.mkv'))]
    // Another text before the clip: only the rows can be reused, not the state.
    const instructed = [{ role: 'system', content: [{ kind: 'text', text: 'You are brief.' }] } as const, ...opening]
    const answerOn = async (device: DeviceChoice, messages = opening) => {
      await using engine = tiny.start({ device, cache: true })
      return (await run(engine, chat(...messages))).answer
    }
    const onGpu = await answerOn(webgpu)
    expect(onGpu).toMatchObject({ cached: 'nothing', device: onWebgpu })
    const onCpu = await answerOn('cpu')
    expect(onCpu).toMatchObject({ cached: 'nothing', text: onGpu.text, device: { vision: 'cpu' } })
    expect(await answerOn(webgpu)).toMatchObject({ cached: 'state', text: onGpu.text, device: { vision: 'not needed' } })
    expect(await answerOn('cpu')).toMatchObject({ cached: 'state', text: onCpu.text, device: { vision: 'not needed' } })
    expect(await answerOn(webgpu, instructed)).toMatchObject({ cached: 'embeddings', device: { vision: 'not needed' } })
  })
})
