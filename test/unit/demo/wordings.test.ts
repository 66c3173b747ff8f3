import { expect, it } from 'vitest'
import { Random } from '../../../src/bench/moving-shapes/random.ts'
import { type Wording, worded, wordings } from '../../../tools/demo-model/wordings.ts'

const object = { the: 'the red star' }
const timed = { ...object, verb: 'move left', gerund: 'moving left' }
const values: Partial<Record<Wording, Readonly<Record<string, string>>>> = {
  color: object,
  shape: object,
  motion: object,
  first: object,
  last: object,
  presence: { a: 'a red star', plural: 'red stars' },
  starts: timed,
  stops: timed,
}

it.each(Object.keys(wordings) as Wording[])('wordings of %s have no bracket left, and a value for each name', (kind) => {
  const random = new Random(5)
  const drawn = Array.from({ length: 3000 }, () => worded(kind, values[kind] ?? {}, random))
  expect(drawn.filter((text) => /[[\]{}|]/.test(text))).toEqual([])
})
