import { basename, dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DeviceGuard } from '../../src/engine/devices/device-guard.ts'
import type { DeviceWork } from '../../src/engine/devices/device-use.ts'
import { loadLanguage } from '../../src/engine/language/llama-model.ts'
import { loadedLibraries } from '../../src/engine/language/loaded-libraries.ts'
import { generateAll, never, prompts, tinyModel } from '../engine/language/tiny-model.ts'
import { softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'

Object.assign(process.env, softwareGpuEnv('lavapipe'))

/** Folders of the builds of llama.cpp that are loaded into this process. */
function builds(): string[] {
  return loadedLibraries()
    .filter((path) => basename(path).startsWith('libllama.'))
    .map(dirname)
}

// In a file, hence in a process, of its own: no other test has loaded a build before.
describe.skipIf(softwareGpus.lavapipe === undefined)('a model that does not fit into the GPU’s memory at all', () => {
  test('runs on the build of llama.cpp for the CPU, and uses no GPU after that was found', async () => {
    const works: (DeviceWork | undefined)[] = []
    const guard = new DeviceGuard({
      tests: null,
      async report({ use }) {
        works.push(use?.work)
      },
    })
    const { template, videoPad } = prompts
    const guarded = { guard, model: 'tiny', weights: 'some' }
    const language = await loadLanguage(tinyModel, { template, videoPad, signal: never, gpuMemory: 1e5, guarded })
    expect(language).toMatchObject({ device: 'cpu', gpuLayers: 0, resultsKey: 'cpu' })
    expect(language.fallbacks).toContainEqual('The model does not fit into the GPU memory and runs on the CPU.')
    // The library was loaded, and the memory compared; each was reported when it began and ended.
    expect(works).toEqual(['loading', undefined, 'loading', undefined])
    expect(builds()).toHaveLength(2)
    const session = await language.open({ cells: 256 })
    await session.evaluateTokens([70, 71], never)
    await generateAll(session, { maxTokens: 4 })
    expect(await language.freeGpuMemory()).toBeNull()
    await language[Symbol.asyncDispose]()
    expect(works).toHaveLength(4)
  })
})
