import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { DeviceSubject } from '../../../src/engine/devices/device-use.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { fittingDevices, mayUseGpu } from '../../../src/engine/vision/gpu-memory.ts'
import type { VisionDevice } from '../../../src/engine/vision/types.ts'

const manifest = await readManifest(fileURLToPath(new URL('../../../resources/models/demo', import.meta.url)))
const state = (device: VisionDevice, missing: string | null = null) => ({ device, carried: true, missing })
const states = [state('cuda', 'no NVIDIA GPU'), state('coreml'), state('webgpu'), state('cpu')]
const having = (free: number | null) => ({ needed: 1.3e9, free: async () => free })
const full = expect.stringMatching(
  /^The vision tower needs 1,?300 MB of the GPU's memory, of which 400 MB are free, and runs on the CPU\.$/,
)

test.each(['auto', 'cpu', 'webgpu'] as const)('with enough memory, or where that is unknown, %s stays as it is', async (choice) => {
  for (const memory of [undefined, having(null), having(1.3e9)])
    expect(await fittingDevices(choice, states, memory)).toEqual({ choice, states, notices: [] })
})

test('without enough memory the GPU is left out, and named it is replaced by the CPU', async () => {
  const without = [state('cuda', 'no NVIDIA GPU'), state('coreml'), state('webgpu', full), state('cpu')]
  expect(await fittingDevices('auto', states, having(400e6))).toEqual({ choice: 'auto', states: without, notices: [] })
  expect(await fittingDevices('webgpu', states, having(400e6))).toEqual({ choice: 'cpu', states: without, notices: [full] })
})

test.each(['cpu', 'coreml'] as const)('%s needs none of that memory, which is then not asked for', async (choice) => {
  const memory = { needed: 1, free: () => Promise.reject(new Error('asked')) }
  expect(await fittingDevices(choice, states, memory)).toEqual({ choice, states, notices: [] })
  const gpuless = [state('webgpu', 'no GPU'), state('cpu')]
  expect(await fittingDevices('auto', gpuless, memory)).toEqual({ choice: 'auto', states: gpuless, notices: [] })
})

test.each([
  ['auto', true, ['coreml']],
  ['auto', false, ['coreml', 'webgpu']],
  // It uses no memory that is known, and comes first.
  ['auto', false, []],
  ['webgpu', true, []],
  ['webgpu', false, ['webgpu']],
  ['cuda', true, []],
  ['cpu', false, []],
] as const)('with %s a tower may use a GPU: %s, if %j failed before', async (choice, expected, failed: readonly string[]) => {
  const guard = { obstacle: async ({ device }: DeviceSubject) => (failed.includes(device) ? 'it failed' : null) }
  expect(await mayUseGpu(manifest, choice, guard, states)).toBe(expected)
})
