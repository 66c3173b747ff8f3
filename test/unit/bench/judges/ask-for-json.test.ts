import { expect, test } from 'vitest'
import { z } from 'zod'
import { readVerdict } from '../../../../src/bench/judges/ask-for-json.ts'

const schema = z.object({ red: z.boolean() })

test.each([
  ['bare', '{"red": true}'],
  ['in a fence', '```json\n{"red": true}\n```'],
  ['after a reasoning block', '<think>{"red": false}? No.</think>\n\n{"red": true}'],
])('reads a verdict %s', (_, text) => {
  expect(readVerdict(text, schema)).toEqual({ verdict: { red: true } })
})

test.each([
  ['with surrounding words', 'Here it is: {"red": true}'],
  ['two objects', '{"red": true}{"red": false}'],
  ['a truncated one', '{"red": true'],
  ['single quotes', "{'red': true}"],
  ['an invalid value', '{"red": "true"}'],
  ['unterminated reasoning', '<think>{"red": true}'],
])('rejects other replies: %s', (_, text) => {
  expect(readVerdict(text, schema)).toHaveProperty('wrong')
})
