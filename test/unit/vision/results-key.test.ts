import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DeviceGuard } from '../../../src/engine/devices/device-guard.ts'
import { DeviceTestStore } from '../../../src/engine/devices/device-test-store.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { expectedResultsKey, visionResultsKey, visionSubject } from '../../../src/engine/vision/results-key.ts'
import type { VisionDevice } from '../../../src/engine/vision/types.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const manifest = await readManifest(fileURLToPath(new URL('../../../resources/models/demo', import.meta.url)))
const state = (device: VisionDevice) => ({ device, carried: true, missing: null })
const states = [state('cuda'), state('webgpu'), state('cpu')]

test('rows are named by device and form of attention', async () => {
  const keys = [
    await visionResultsKey(manifest, 'cpu', 'fused'),
    await visionResultsKey(manifest, 'webgpu', 'fused'),
    await visionResultsKey(manifest, 'webgpu', 'plain'),
    await visionResultsKey(manifest, 'cuda', 'fused'),
  ]
  expect(keys[0]).toBe('cpu')
  expect(new Set(keys).size).toBe(keys.length)
})

test('knows the tower once its devices have been tested', async () => {
  await using home = await ScratchFolder.make()
  const tests = new DeviceTestStore(home.directory)
  const guard = new DeviceGuard({ tests })
  const expected = (choice: 'auto' | VisionDevice) => expectedResultsKey(manifest, choice, guard, states)
  const record = (device: string, passed: boolean) =>
    tests.record(visionSubject(manifest, device), { passed, detail: '', ...(passed && { attention: 'plain' as const }) })
  expect(await expected('cpu')).toBe('cpu')
  expect(await expected('auto')).toBeNull()
  expect(await expected('webgpu')).toBeNull()
  await record('webgpu', true)
  const webgpu = await visionResultsKey(manifest, 'webgpu', 'plain')
  expect(await expected('webgpu')).toBe(webgpu)
  expect(await expected('auto')).toBeNull() // CUDA comes first
  await record('cuda', false)
  expect(await expected('auto')).toBe(webgpu)
  expect(await expected('cuda')).toBeNull() // opening it says why not
  await record('webgpu', false)
  expect(await expected('auto')).toBe('cpu')
})

test('skips a device that failed in an earlier process, whatever its self-test said', async () => {
  await using home = await ScratchFolder.make()
  const tests = new DeviceTestStore(home.directory)
  for (const device of ['cuda', 'webgpu'])
    await tests.record(visionSubject(manifest, device), { passed: true, attention: 'fused', detail: '' })
  const guard = new DeviceGuard({ tests, passedOver: [{ part: 'vision', device: 'cuda', why: 'it crashed (SIGSEGV)' }] })
  expect(await expectedResultsKey(manifest, 'auto', guard, states)).toBe(await visionResultsKey(manifest, 'webgpu', 'fused'))
})

test('skips a device for which there is no hardware', async () => {
  const without = [{ ...state('webgpu'), missing: 'no GPU' }, { ...state('dml'), carried: false }, state('cpu')]
  expect(await expectedResultsKey(manifest, 'auto', new DeviceGuard({ tests: null }), without)).toBe('cpu')
})
