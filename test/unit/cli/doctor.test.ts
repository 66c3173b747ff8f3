import { expect, it } from 'vitest'
import { withRemedy } from '../../../src/cli/remedy-text.ts'

it('adds the command to an advice', () => {
  expect(withRemedy({ text: 'Make room.', remedy: 'other-home' })).toBe('Make room. (--home DIR)')
  expect(withRemedy({ text: 'Update its driver.', remedy: null })).toBe('Update its driver.')
})
