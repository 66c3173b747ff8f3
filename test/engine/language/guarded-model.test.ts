import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DeviceGuard } from '../../../src/engine/devices/device-guard.ts'
import type { DeviceUse } from '../../../src/engine/devices/device-use.ts'
import { checkGguf } from '../../../src/engine/language/gguf-check.ts'
import type { LlamaApi } from '../../../src/engine/language/llama-header.ts'
import type { LlamaLanguage } from '../../../src/engine/language/llama-language.ts'
import { openLlamaLibrary } from '../../../src/engine/language/llama-library.ts'
import { languageSubject, openModel } from '../../../src/engine/language/open-model.ts'
import { generateAll, never, prompts, tinyModel } from './tiny-model.ts'

/** Functions that wait for the GPU, or use or free its memory. */
const onGpu = [
  'initFromModel',
  'decode',
  'synchronize',
  'logitsAt',
  'samplerSample',
  'stateSize',
  'stateCopy',
  'stateLoad',
  'free',
  'modelFree',
] as const

/** The tiny model on the CPU, which claims to be on a GPU. Every native call for the GPU is recorded with the reported use of the GPU. */
async function claimingModel(): Promise<{ language: LlamaLanguage; calls: [call: string, work: string | undefined][] }> {
  let use: DeviceUse | null = null
  const calls: [string, string | undefined][] = []
  const record = (call: string) => calls.push([call, use?.work])
  const guard = new DeviceGuard({
    tests: null,
    async report(report) {
      use = report.use
    },
  })
  const library = await openLlamaLibrary('cpu')
  const api: Record<string, unknown> = { ...library.api }
  for (const name of onGpu) {
    const native = library.api[name] as unknown as { (...args: unknown[]): unknown; async(...args: unknown[]): void }
    const recorded = (...args: unknown[]) => {
      record(name)
      return native(...args)
    }
    api[name] = Object.assign(recorded, {
      async(...args: unknown[]) {
        record(name)
        native.async(...args)
      },
    })
  }
  // A null address ends the list of devices for llama.cpp.
  const gpu = {
    address: 0n,
    name: 'a GPU that is not there',
    memory() {
      record('memory')
      return { free: 1, total: 2 }
    },
  }
  const options = { template: prompts.template, videoPad: prompts.videoPad, signal: never }
  const source = { path: tinyModel, metadata: await checkGguf(tinyModel), options, fallbacks: [] }
  const guarded = guard.use(languageSubject('vulkan', [gpu], { model: 'tiny', weights: 'some' }))
  const language = await openModel({ ...library, api: api as LlamaApi, gpus: [gpu] }, source, { layers: 1, gpus: [gpu], gpu: guarded })
  if (Array.isArray(language)) throw new Error(language.join(' '))
  return { language, calls }
}

test('every native call that a GPU may crash in is made while its use is reported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tarsier-guarded-'))
  const { language, calls } = await claimingModel()
  const madeBy = async (work: () => Promise<unknown>) => {
    calls.splice(0)
    await work()
    return [...new Set(calls.map(([call, use]) => `${call} ${use}`))]
  }
  try {
    const path = join(folder, 'conversation.state')
    const session = await language.open({ cells: 256 })
    const evaluated = ['decode answering', 'synchronize answering']
    expect(await madeBy(() => session.evaluateTokens([70, 71], never))).toEqual(evaluated)
    expect(await madeBy(() => session.logits())).toEqual(['logitsAt answering'])
    expect(await madeBy(() => generateAll(session, { maxTokens: 2 }))).toEqual(['samplerSample answering', ...evaluated])
    expect(await madeBy(() => generateAll(session, { maxTokens: 1, logprobs: 1 }))).toContain('logitsAt answering')
    expect(await madeBy(() => session.save(path))).toEqual(['stateSize saving', 'stateCopy saving'])
    expect(await madeBy(() => session.restore(path))).toEqual(['stateLoad saving'])
    expect(await madeBy(() => language.freeGpuMemory())).toEqual(['memory measuring'])
    expect(await madeBy(() => language.mostFreeGpuMemory())).toEqual(['memory measuring'])
    expect(await madeBy(async () => await session[Symbol.asyncDispose]())).toEqual(['free closing'])
    expect(await madeBy(() => language.open({ cells: 256 }))).toEqual(['initFromModel answering'])
    expect(await madeBy(async () => await language[Symbol.asyncDispose]())).toEqual(['free closing', 'modelFree closing'])
  } finally {
    await language[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})
