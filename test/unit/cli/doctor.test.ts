import { expect, it } from 'vitest'
import { withRemedy } from '../../../src/cli/remedy-text.ts'

it('adds to an advice how it is followed on the command line', () => {
  expect(withRemedy({ text: 'Make room.', remedy: 'other-home' })).toBe('Make room. (--home DIR)')
  expect(withRemedy({ text: 'Update its driver.', remedy: null })).toBe('Update its driver.')
})
