import { describe, expect, it } from 'vitest'
import { captionShapeSchema, isRewriting } from '../../../../src/shared/shaping/caption-shape.ts'
import { leavesOf } from '../../../../src/shared/shaping/fields.ts'
import { parseShape } from '../../../../src/shared/shaping/parse-shape.ts'
import { readyShape } from '../../../../src/shared/shaping/ready-shapes.ts'

const schema = { type: 'object', properties: { subject: { type: 'string' } } }
const problemOf = (shape: object) => {
  try {
    parseShape(JSON.stringify(shape), 'mine.json')
  } catch (error) {
    return (error as Error).message
  }
  return null
}

describe('a shape that rewrites', () => {
  it('has defaults, and keeps the schema of its fields', () => {
    expect(captionShapeSchema.parse({ rewrite: { kind: 'fields', schema } }).rewrite).toEqual({ kind: 'fields', schema, maxTokens: 1024 })
    expect(isRewriting(captionShapeSchema.parse({ rewrite: { kind: 'language' }, language: 'de' }))).toBe(true)
    expect(isRewriting(captionShapeSchema.parse({}))).toBe(false)
    expect(isRewriting(null)).toBe(false)
    expect(isRewriting(readyShape('fields') ?? null)).toBe(true)
  })

  it.each([
    [{ rewrite: { kind: 'longer' } }, /rewrite/],
    [{ rewrite: { kind: 'shorter', schema } }, /schema/],
    [{ rewrite: { kind: 'fields' } }, /rewrite\.schema/],
    [{ rewrite: { kind: 'shorter', model: '../../secret.gguf' } }, /rewrite\.model: .*without a path/],
    [{ rewrite: { kind: 'shorter', model: 'C:\\model.gguf' } }, /rewrite\.model/],
    [{ rewrite: { kind: 'fields', schema }, maxWords: 3 }, /maxWords: is a rule for texts/],
    [{ rewrite: { kind: 'fields', schema }, prefix: 'sks' }, /prefix: is a rule for texts/],
    [{ rewrite: { kind: 'fields', schema }, bannedWords: ['logo'] }, /bannedWords: is a rule for texts/],
    [{ rewrite: { kind: 'fields', schema }, form: 'tags' }, /form: is a rule for texts/],
  ])('is refused where it is wrong: %j', (shape, message) => {
    expect(problemOf(shape)).toMatch(message)
  })
})

it('finds all values of fields, with their places', () => {
  expect(leavesOf({ subject: 'a dog', actions: ['runs', { last: 'sits' }], count: 2, none: null, empty: [] })).toEqual([
    { field: 'subject', value: 'a dog' },
    { field: 'actions.0', value: 'runs' },
    { field: 'actions.1.last', value: 'sits' },
    { field: 'count', value: 2 },
    { field: 'none', value: null },
  ])
})
