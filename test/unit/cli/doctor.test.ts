import { expect, it } from 'vitest'
import { adviceText } from '../../../src/cli/doctor.ts'
import { wayText } from '../../../src/cli/ways.ts'
import { ways } from '../../../src/shared/ways.ts'

it('adds to an advice how it is followed on the command line', () => {
  expect(adviceText({ text: 'Make room.', way: 'other-home' })).toBe('Make room. (--home DIR)')
  expect(adviceText({ text: 'Update its driver.', way: null })).toBe('Update its driver.')
})

it('has words for every way, and none for what is no way', () => {
  for (const way of ways) expect(wayText(way)).not.toBe('')
  for (const way of [undefined, 7, 'toString', '']) expect(wayText(way)).toBe('')
})
