import { expect, test } from 'vitest'
import { openApiDocument } from '../../../src/serve/openapi.ts'

interface Document {
  readonly paths: Readonly<Record<string, object>>
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties: Readonly<Record<string, object>> }>> }
}
const document = JSON.parse(JSON.stringify(openApiDocument())) as Document

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inside]) => (key === '$ref' ? [String(inside)] : references(inside)))
}

test('every reference has a schema, and every schema is referred to', () => {
  const found = new Set(references(document))
  expect([...found].sort()).toEqual(
    Object.keys(document.components.schemas)
      .map((name) => `#/components/schemas/${name}`)
      .sort(),
  )
})

test('a request documents the range, the unit and the meaning of each option', () => {
  const { temperature, mm_processor_kwargs: processor } = document.components.schemas.ChatRequest?.properties ?? {}
  expect(JSON.stringify(temperature)).toMatch(/"minimum":0,"maximum":2.*"description":"At 0 the most likely token/)
  expect(JSON.stringify(processor)).toMatch(/"start":.*"unit":"seconds"/)
})
