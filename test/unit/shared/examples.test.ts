import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { examples } from '../../../src/shared/examples.ts'

test('exactly the existing examples are offered, each with a sentence', () => {
  const there = readdirSync(new URL('../../../resources/examples', import.meta.url))
  expect(examples.map(({ name }) => name).sort()).toEqual(there.sort())
  for (const { title } of examples) expect(title).toMatch(/^An? [a-z ,]+\.$/)
})
