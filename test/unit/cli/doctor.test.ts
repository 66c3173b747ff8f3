import { expect, it } from 'vitest'
import { adviceText } from '../../../src/cli/doctor.ts'

it('adds to an advice how it is followed on the command line', () => {
  expect(adviceText({ text: 'Make room.', remedy: 'other-home' })).toBe('Make room. (--home DIR)')
  expect(adviceText({ text: 'Update its driver.', remedy: null })).toBe('Update its driver.')
})
