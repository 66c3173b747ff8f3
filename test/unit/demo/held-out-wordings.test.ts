import { expect, it } from 'vitest'
import { Random } from '../../../src/bench/moving-shapes/random.ts'
import { heldOutWordings } from '../../../tools/demo-model/held-out-wordings.ts'
import { type Wording, worded, wordings } from '../../../tools/demo-model/wordings.ts'

it('evaluates the demo model with wordings that its training does not produce', () => {
  const random = new Random(3)
  const values = { the: '{the}', a: '{a}', plural: '{plural}', verb: '{verb}', gerund: '{gerund}' }
  const trained = new Set<string>()
  for (const wording of Object.keys(wordings) as Wording[]) {
    for (let i = 0; i < 20_000; i++) trained.add(withoutMarks(worded(wording, values, random)))
  }
  const known = heldOutWordings.filter(([intent, question]) => intent !== 'unknown' && trained.has(withoutMarks(question)))
  expect(known).toEqual([])
})

function withoutMarks(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}{} ]/gu, '')
    .trim()
}
