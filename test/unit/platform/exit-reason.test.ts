import { expect, it } from 'vitest'
import { exitReason } from '../../../src/platform/exit-reason.ts'

it.each([
  [0, null, 'exit code 0'],
  [null, 'SIGSEGV', 'SIGSEGV'],
  [3221225477, null, 'access violation (0xc0000005)'],
  // Electron gives it as a signed number.
  [-1073741819, null, 'access violation (0xc0000005)'],
  [3221226505, null, 'it ended itself over an error it could not handle (0xc0000409)'],
  [3221225999, null, 'it crashed (0xc000020f)'],
] as const)('of code %s and signal %s is "%s"', (code, signal, reason) => {
  expect(exitReason(code, signal)).toBe(reason)
})
