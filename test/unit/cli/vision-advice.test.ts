import { expect, test } from 'vitest'
import { visionAdvice } from '../../../src/cli/vision-advice.ts'

const error = { cosine: 0.9995, worst: 0.99, rows: 100, clips: 2 }

test('int8 is advised, and after an import the advice follows its precision and its cosine', () => {
  const fastest = { precision: 'int8', time: 0.7, exact: 'f16' } as const
  expect(visionAdvice(fastest)).toMatch(/^On the CPU of this machine --vision int8 is fastest: about 70 % of the time of f16 /)
  expect(visionAdvice(fastest, { precision: 'f16', error })).toBe(visionAdvice(fastest))
  expect(visionAdvice(fastest, { precision: 'f32' })).toBe(visionAdvice(fastest))
  expect(visionAdvice(fastest, { precision: 'int8', error })).toBe(
    'int8 is fastest on the CPU of this machine, with about 70 % of the time of f16 for a picture.',
  )
  expect(visionAdvice(fastest, { precision: 'int8', error: { ...error, cosine: 0.9989 } })).toContain('import with --vision f16')
})
