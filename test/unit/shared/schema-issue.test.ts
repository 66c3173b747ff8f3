import { expect, it } from 'vitest'
import { z } from 'zod'
import { allIssues, firstIssue } from '../../../src/shared/schema-issue.ts'

const schema = z.object({
  name: z.string(),
  parts: z
    .array(z.union([z.string(), z.object({ size: z.int().max(9, 'it is at most 9') }), z.object({ kind: z.literal('none') })]))
    .default([]),
})

function errorOf(value: unknown): z.ZodError {
  const { error } = schema.safeParse(value)
  if (!error) throw new Error('matches')
  return error
}

it('names the field that is wrong, and for the whole value only says what is wrong', () => {
  expect(firstIssue(errorOf({ name: 3, parts: 4 }))).toEqual({
    field: 'name',
    message: 'Invalid input: expected string, received number',
    text: 'name: Invalid input: expected string, received number',
  })
  expect(firstIssue(errorOf(null))).toMatchObject({ field: null, text: 'Invalid input: expected object, received null' })
})

it('explains a union by its closest member', () => {
  expect(firstIssue(errorOf({ name: '', parts: ['a', { size: 10 }] })).text).toBe('parts.1.size: it is at most 9')
  expect(firstIssue(errorOf({ name: '', parts: [4] }))).toMatchObject({ field: 'parts.0', message: 'Invalid input' })
})

it('lists all issues, up to a length', () => {
  expect(allIssues(errorOf({ parts: 4 }))).toBe(
    'name: Invalid input: expected string, received undefined; parts: Invalid input: expected array, received number',
  )
  expect(allIssues(errorOf({ name: '', parts: Array(100).fill(4) }))).toHaveLength(400)
})
