import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crashingDriver } from '../../helpers/crashing-driver.ts'
import { RunServer } from './run-server.ts'

const never = new AbortController().signal
const driver = crashingDriver()
const before = { ...process.env }
let run: RunServer

beforeEach(async () => {
  run = await RunServer.make({ metrics: true })
})
afterEach(async () => {
  for (const name of Object.keys(driver ?? {})) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
  await run[Symbol.asyncDispose]()
})

async function metrics(): Promise<string[]> {
  return (await (await run.fetch('/metrics')).text()).split('\n').filter((line) => /^tarsier_(device|engine)_/.test(line))
}

describe('a device that fails', () => {
  const noCrashes = ['tarsier_engine_crashes_total 0', 'tarsier_engine_hangs_total 0']

  test('is counted at /metrics and logged, and its memory that was too small only as a step to the next device', async () => {
    expect(await metrics()).toEqual(noCrashes)
    const gpu = { part: 'vision', device: 'webgpu', why: 'it crashed (SIGSEGV) in the middle of an answer', memory: false } as const
    run.service.onDeviceFailure(gpu, true)
    run.service.onDeviceFailure(gpu, false)
    run.service.onDeviceFailure({ ...gpu, why: 'it did not have enough memory', memory: true }, true)
    expect(await metrics()).toEqual([
      ...noCrashes,
      'tarsier_device_failures_total{part="vision",device="webgpu"} 2',
      'tarsier_device_fallbacks_total{part="vision",device="webgpu"} 2',
    ])
    expect(run.service.log.newest(3)[0]).toMatchObject({
      level: 'error',
      source: 'engine',
      text: '"webgpu" failed for the vision tower: it crashed (SIGSEGV) in the middle of an answer; the next device is used',
    })
  })

  test.skipIf(driver === null)('is counted when a real driver crashes, and no crash of the engine is', { timeout: 600_000 }, async () => {
    Object.assign(process.env, driver)
    const engine = await run.service.engines.for({ model: 'demo', device: 'auto', cache: false }, 'talk')
    expect(await engine.load(never)).toMatchObject({ languageDevice: 'cpu' })
    expect(await metrics()).toEqual([
      ...noCrashes,
      'tarsier_device_failures_total{part="language",device="vulkan"} 1',
      'tarsier_device_fallbacks_total{part="language",device="vulkan"} 1',
    ])
    expect(run.service.log.newest(1)[0]?.text).toMatch(/^"vulkan" failed for the language model: it crashed \(SIGSEGV\)/)
  })
})
