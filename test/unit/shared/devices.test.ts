import { expect, test } from 'vitest'
import { isDeviceChoice, partDevices, withGpu } from '../../../src/shared/devices.ts'

test.each([
  ['auto', { vision: 'auto', language: 'auto' }],
  ['cpu', { vision: 'cpu', language: 'cpu' }],
  ['vulkan', { vision: 'auto', language: 'vulkan' }],
  ['webgpu', { vision: 'webgpu', language: 'auto' }],
  ['vulkan:RTX 4090', { vision: 'auto', language: 'vulkan', gpu: 'RTX 4090' }],
  ['cuda:0:1', { vision: 'cuda', language: 'cuda', gpu: '0:1' }],
  ['vision=cpu,language=vulkan', { vision: 'cpu', language: 'vulkan' }],
  ['language=vulkan:llvmpipe, vision=webgpu', { vision: 'webgpu', language: 'vulkan', gpu: 'llvmpipe' }],
  ['language=metal', { vision: 'auto', language: 'metal' }],
])('%s', (choice, devices) => {
  expect(partDevices(choice)).toEqual(devices)
})

test.each([
  '',
  'gpu',
  'CPU',
  'vulkan+cpu',
  'cpu:Ryzen',
  'webgpu:RTX',
  'vulkan:',
  'language=vulkan:',
  'vision=vulkan',
  'language=webgpu',
  'vision=cpu,vision=cpu',
  'vision=cpu,cpu',
  'vision=cpu,',
])('"%s" is no device', (choice) => {
  expect(partDevices(choice)).toBeNull()
})

test('a GPU is chosen by the name that its driver gives it, unless a choice cannot contain that name', () => {
  const name = 'llvmpipe (LLVM 15.0.6, 256 bits)'
  expect(partDevices(withGpu('vulkan', name))).toEqual({ vision: 'auto', language: 'vulkan', gpu: name })
  expect(isDeviceChoice(withGpu('vulkan', name))).toBe(true)
  expect(isDeviceChoice(withGpu('vulkan', 'a=b'))).toBe(false)
  expect(isDeviceChoice(withGpu('vulkan', 'x'.repeat(300)))).toBe(false)
})
