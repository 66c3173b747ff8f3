import { expect, it } from 'vitest'
import { buildFor } from '../../../src/engine/language/llama-library.ts'

it.each([
  ['cpu', 'linux-x64', false],
  ['cpu', 'win32-arm64', false],
  ['cpu', 'darwin-arm64', 'metal'],
  ['auto', 'darwin-arm64', 'auto'],
  ['metal', 'darwin-arm64', 'metal'],
  ['vulkan', 'linux-x64', 'vulkan'],
] as const)('uses "%s" on %s with the build that exists there', (device, system, build) => {
  expect(buildFor(device, system)).toBe(build)
})
