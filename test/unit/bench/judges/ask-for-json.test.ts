import { expect, test } from 'vitest'
import { z } from 'zod'
import { readVerdict, wordSchema } from '../../../../src/bench/judges/ask-for-json.ts'

const schema = z.object({ red: z.boolean() })

test.each([
  ['bare', '{"red": true}'],
  ['in a fence', '```json\n{"red": true}\n```'],
  ['in a fence without a language', '```\n{"red": true}```'],
  ['in a fence on one line', '```json {"red": true} ```'],
  ['in a fence with capitals and blanks', '\n```JSON  \r\n{"red": true}\r\n```  \n'],
  ['after reasoning without its opening tag', 'It may be red: {"red": false}\n</think>\n{"red": true}'],
  ['after reasoning, in a fence', '<think>\n</think>\n```json\n{"red": true}\n```'],
  ['after a reasoning block', '<think>{"red": false}? No.</think>\n\n{"red": true}'],
])('reads a verdict %s', (_, text) => {
  expect(readVerdict(text, schema)).toEqual({ verdict: { red: true } })
})

test('reads a text that contains the tag of reasoning', () => {
  expect(readVerdict('{"reason": "it says </think>{"}', z.object({ reason: z.string() }))).toEqual({
    verdict: { reason: 'it says </think>{' },
  })
})

test('reads words as upstream does, and requires them in lower case', () => {
  const words = z.object({ word: wordSchema(['yes', 'no']) })
  for (const word of ['yes', 'Yes', ' YES\n']) expect(readVerdict(JSON.stringify({ word }), words)).toEqual({ verdict: { word: 'yes' } })
  for (const word of ['yes.', 'y', '', true, null]) expect(readVerdict(JSON.stringify({ word }), words)).toHaveProperty('wrong')
  expect(readVerdict('{}', words)).toHaveProperty('wrong')
  expect(z.toJSONSchema(words)).toMatchObject({ properties: { word: { type: 'string', enum: ['yes', 'no'] } }, required: ['word'] })
})

test.each([
  ['two fences', '```json\n{"red": true}\n```\n```json\n{"red": false}\n```'],
  ['with surrounding words', 'Here it is: {"red": true}'],
  ['two objects', '{"red": true}{"red": false}'],
  ['a truncated one', '{"red": true'],
  ['single quotes', "{'red': true}"],
  ['an invalid value', '{"red": "true"}'],
  ['unterminated reasoning', '<think>{"red": true}'],
])('rejects other replies: %s', (_, text) => {
  expect(readVerdict(text, schema)).toHaveProperty('wrong')
})
