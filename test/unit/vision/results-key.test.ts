import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DeviceTestBook } from '../../../src/engine/devices/device-test-book.ts'
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

test('which tower will be opened is known once its devices were tested', async () => {
  await using home = await ScratchFolder.make()
  const tests = new DeviceTestBook(home.directory)
  const expected = (choice: 'auto' | VisionDevice) => expectedResultsKey(manifest, choice, tests, states)
  const note = (device: string, passed: boolean) =>
    tests.note(visionSubject(manifest, device), { passed, detail: '', ...(passed && { attention: 'plain' as const }) })
  expect(await expected('cpu')).toBe('cpu')
  expect(await expected('auto')).toBeNull()
  expect(await expected('webgpu')).toBeNull()
  await note('webgpu', true)
  const webgpu = await visionResultsKey(manifest, 'webgpu', 'plain')
  expect(await expected('webgpu')).toBe(webgpu)
  expect(await expected('auto')).toBeNull() // CUDA comes first
  await note('cuda', false)
  expect(await expected('auto')).toBe(webgpu)
  expect(await expected('cuda')).toBeNull() // opening it says why not
  await note('webgpu', false)
  expect(await expected('auto')).toBe('cpu')
})

test('a device that is not tried for want of hardware is passed over', async () => {
  const without = [{ ...state('webgpu'), missing: 'no GPU' }, { ...state('dml'), carried: false }, state('cpu')]
  expect(await expectedResultsKey(manifest, 'auto', undefined, without)).toBe('cpu')
})
