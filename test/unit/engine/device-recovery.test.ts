import { afterEach, beforeEach, expect, test } from 'vitest'
import { deviceCrashed, deviceOutOfMemory } from '../../../src/engine/devices/device-failure.ts'
import { DeviceTestStore } from '../../../src/engine/devices/device-test-store.ts'
import type { DevicePart, DeviceUse, DeviceWork } from '../../../src/engine/devices/device-use.ts'
import { DeviceRecovery } from '../../../src/engine/host/device-recovery.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

let home: ScratchFolder

beforeEach(async () => {
  home = await ScratchFolder.make()
})
afterEach(() => home[Symbol.asyncDispose]())

function use(part: DevicePart, device: string, work: DeviceWork): DeviceUse {
  return { subject: { part, device, hardware: 'a card', runtime: 'a runtime', model: 'tiny', weights: part }, work, drivers: 'a driver' }
}

const noProcess = async () => {}
const stored = () => new DeviceTestStore(home.directory).all()

test('skips a device with too little memory without remembering it', async () => {
  const recovery = new DeviceRecovery({ device: 'auto', home: home.directory })
  const gpu = use('vision', 'webgpu', 'loading')
  recovery.entered(gpu)
  const command = recovery.command(noProcess)
  const notice = await command.passOver(deviceOutOfMemory(gpu.subject, new TarsierError('out-of-memory', 'Too large.')))
  await command.succeeded()
  expect(notice?.text).toMatch(/"webgpu" .* vision tower: it did not have enough memory/)
  expect(recovery.passedOver).toEqual([{ part: 'vision', device: 'webgpu', why: 'it did not have enough memory' }])
  expect(await stored()).toEqual([])
})

test('remembers a crash during an answer once the answer succeeds without the device', async () => {
  const recovery = new DeviceRecovery({ device: 'auto', home: home.directory })
  const gpu = use('language', 'cuda', 'answering')
  recovery.entered(gpu)
  const command = recovery.command(noProcess)
  await command.passOver(deviceCrashed(gpu, 'SIGSEGV', ''))
  expect(await stored()).toEqual([])
  await command.succeeded()
  expect(await stored()).toMatchObject([{ part: 'language', device: 'cuda', crashed: true, passed: false }])
})

test('two commands with one failure give one notice and end one process; the same device fails a command once', async () => {
  const recovery = new DeviceRecovery({ device: 'auto', home: home.directory })
  const gpu = use('language', 'cuda', 'loading')
  recovery.entered(gpu)
  const error = deviceCrashed(gpu, 'SIGABRT', '')
  let ended = 0
  const [first, second] = [0, 1].map(() =>
    recovery.command(async () => {
      ended += 1
    }),
  )
  expect(await first?.passOver(error)).toMatchObject({ kind: 'notice', remedy: 'retry-devices' })
  expect(await second?.passOver(error)).toBeNull()
  expect(ended).toBe(1)
  await expect(first?.passOver(error)).rejects.toBe(error)
})

test('with a device chosen by name, fails the part that uses it and runs the other', async () => {
  const recovery = new DeviceRecovery({ device: 'vulkan', home: home.directory })
  const [language, vision] = [use('language', 'vulkan', 'loading'), use('vision', 'webgpu', 'loading')]
  recovery.entered(language)
  recovery.entered(vision)
  const error = deviceCrashed(language, 'SIGSEGV', '')
  await expect(recovery.command(noProcess).passOver(error)).rejects.toBe(error)
  expect(await recovery.command(noProcess).passOver(deviceCrashed(vision, 'SIGSEGV', ''))).not.toBeNull()
  expect((await stored()).map(({ device }) => device).sort()).toEqual(['vulkan', 'webgpu'])
  const other = new TarsierError('file-missing', 'There is no such file.')
  await expect(recovery.command(noProcess).passOver(other)).rejects.toBe(other)
})
