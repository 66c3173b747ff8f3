import { expect, it } from 'vitest'
import { exitReason, isCrash } from '../../../src/platform/exit-reason.ts'

it.each([
  [0, null, 'exit code 0'],
  [null, 'SIGSEGV', 'SIGSEGV'],
  [3221225477, null, 'access violation (0xc0000005)'],
  // Electron gives it as a signed number.
  [-1073741819, null, 'access violation (0xc0000005)'],
  [3221226505, null, 'unhandled error (0xc0000409)'],
  [3221225999, null, 'it crashed (0xc000020f)'],
] as const)('of code %s and signal %s is "%s"', (code, signal, reason) => {
  expect(exitReason(code, signal)).toBe(reason)
})

it.each([
  [null, 'SIGSEGV', true],
  [null, 'SIGABRT', true],
  [null, 'SIGBUS', true],
  [null, 'SIGKILL', false],
  [null, 'SIGTERM', false],
  [0, null, false],
  [1, null, false],
  [3221225477, null, true],
  [-1073741819, null, true],
  // Ctrl-C.
  [3221225786, null, false],
] as const)('code %s and signal %s: a crash of native code %s', (code, signal, crashed) => {
  expect(isCrash(code, signal)).toBe(crashed)
})
