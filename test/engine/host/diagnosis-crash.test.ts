import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeviceGuard } from '../../../src/engine/devices/device-guard.ts'
import { DeviceTestStore } from '../../../src/engine/devices/device-test-store.ts'
import type { Diagnosis } from '../../../src/engine/diagnosis.ts'
import { diagnoseInHost } from '../../../src/engine/host/diagnose-in-host.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { never } from '../conversation/tiny-engine.ts'

const program = relative('src/engine/host', fileURLToPath(new URL('./claiming-host.ts', import.meta.url))).replace(/\.ts$/, '')
let home: ScratchFolder
let failures: string[]

beforeEach(async () => {
  home = await ScratchFolder.make()
  failures = []
})
afterEach(async () => {
  delete process.env.CLAIMING_HOST_DIES
  await home[Symbol.asyncDispose]()
})

function diagnosis(): Promise<Diagnosis> {
  const onDeviceFailure = ({ part, device, why }: { part: string; device: string; why: string }) =>
    failures.push(`${part} ${device}: ${why}`)
  return diagnoseInHost({ home: home.directory, onDeviceFailure, program }, never)
}

describe.skipIf(process.platform === 'win32')('a driver that crashes in the diagnosis', () => {
  const crashed = 'it crashed (SIGSEGV) while it was tested for the diagnosis'

  test('is its device’s result, remembered, not started again, and no failure of the diagnosis', async () => {
    process.env.CLAIMING_HOST_DIES = 'SIGSEGV diagnosis'
    const first = await diagnosis()
    expect(first.language.devices).toContainEqual({ name: 'vulkan', works: false, detail: crashed })
    for (const { devices } of [first.vision, first.language])
      expect(devices).toContainEqual(expect.objectContaining({ name: 'cpu', works: true }))
    expect([first.media, first.images]).toMatchObject([{ works: true }, { works: true }])
    expect(failures).toEqual([`language vulkan: ${crashed}`])

    const tests = new DeviceTestStore(home.directory)
    expect(await tests.all()).toMatchObject([
      { part: 'language', device: 'vulkan', model: '', passed: false, crashed: true, detail: crashed },
    ])
    // No model is tried on it either, while other devices and runtimes are.
    const guard = new DeviceGuard({ tests })
    const subject = {
      part: 'language',
      device: 'vulkan',
      hardware: 'a card',
      runtime: 'llama.cpp',
      model: 'demo',
      weights: 'some',
    } as const
    expect(await guard.obstacle(subject)).toBe(crashed)
    expect(await guard.obstacle({ ...subject, device: 'cuda' })).toBeNull()
    expect(await guard.obstacle({ ...subject, runtime: 'a newer llama.cpp' })).toBeNull()

    expect((await diagnosis()).language.devices).toContainEqual({ name: 'vulkan', works: false, detail: crashed })
    expect(failures).toHaveLength(1)

    delete process.env.CLAIMING_HOST_DIES
    expect(await tests.forgetFailed()).toBe(1)
    expect((await diagnosis()).language.devices).toContainEqual(expect.objectContaining({ name: 'vulkan', works: true }))
  })

  test('or hangs is its device’s result too', async () => {
    process.env.CLAIMING_HOST_DIES = 'SIGSTOP diagnosis'
    const detail = 'it did not respond for 30 seconds while it was tested for the diagnosis'
    expect((await diagnosis()).language.devices).toContainEqual({ name: 'vulkan', works: false, detail })
    expect(failures).toEqual([`language vulkan: ${detail}`])
  })
})
