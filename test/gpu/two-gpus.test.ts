import { describe, expect, test } from 'vitest'
import { gpusNamed } from '../../src/engine/language/gpus.ts'
import { openLlamaLibrary } from '../../src/engine/language/llama-library.ts'
import { softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

const both = softwareGpus.lavapipe !== undefined && softwareGpus.swiftshader !== undefined
Object.assign(process.env, softwareGpuEnv('lavapipe', 'swiftshader'))

describe.skipIf(!both)('with two GPUs', () => {
  test('one is chosen by a part of its name in any case, and both without a name', async () => {
    const { gpus } = await openLlamaLibrary('vulkan')
    const named = (text?: string) => gpusNamed(gpus, 'vulkan', text).map(({ name }) => name)
    expect(named()).toHaveLength(2)
    expect(named('LLVMpipe')).toEqual([expect.stringMatching(/^llvmpipe /)])
    expect(named('swift')).toEqual([expect.stringMatching(/^SwiftShader /)])
    expect(() => named('RTX')).toThrow(/Available devices: (llvmpipe .*, SwiftShader .*|SwiftShader .*, llvmpipe .*)\.$/)
  })
})
