import { isDeepStrictEqual } from 'node:util'
import { GrammarProblem } from './gbnf.ts'

/** A JSON schema as received, without validation. */
export type JsonSchema = { readonly [keyword: string]: unknown }

const GREATER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
const LESSER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])
/** Keywords for people and programs that do not constrain the value. */
export const ANNOTATIONS = new Set([
  ...['title', 'description', 'default', 'examples', 'example', '$comment', '$schema', '$id', '$defs', 'definitions', 'deprecated'],
  ...['readOnly', 'writeOnly', 'discriminator', 'contentMediaType', 'contentEncoding', 'strict', 'name', 'propertyOrdering'],
])

/** Returns the schema of values that satisfy both. Throws if it cannot be expressed as one schema, or if no value satisfies both. */
export function merged(a: JsonSchema, b: JsonSchema, where: string): JsonSchema {
  const both: Record<string, unknown> = { ...a }
  for (const [keyword, value] of Object.entries(b)) {
    const other = Object.hasOwn(a, keyword) ? a[keyword] : undefined
    if (other === undefined || ANNOTATIONS.has(keyword)) both[keyword] = value
    else if (!isDeepStrictEqual(other, value)) both[keyword] = mergedValue(keyword, other, value, where)
  }
  for (const [mine, others] of [
    [a, b],
    [b, a],
  ] as const) {
    if (mine.additionalProperties !== false || !isSchema(both.properties)) continue
    const known = isSchema(mine.properties) ? mine.properties : {}
    const allowed = Object.entries(both.properties).filter(([name]) => Object.hasOwn(known, name))
    both.properties = Object.fromEntries(allowed)
    const missing = (Array.isArray(others.required) ? others.required : []).find((name) => !Object.hasOwn(known, String(name)))
    if (missing !== undefined) throw new GrammarProblem(where, `"${String(missing)}" is required by one part and not allowed by another`)
  }
  return both
}

function mergedValue(keyword: string, a: unknown, b: unknown, where: string): unknown {
  if (keyword === 'type') return commonTypes(typesOf(a), typesOf(b), where)
  if (keyword === 'required' && Array.isArray(a) && Array.isArray(b)) return [...new Set([...a, ...b])]
  if (keyword === 'enum' && Array.isArray(a) && Array.isArray(b)) {
    const common = a.filter((value) => b.some((other) => isDeepStrictEqual(value, other)))
    if (common.length > 0) return common
  }
  if (GREATER.has(keyword) && typeof a === 'number' && typeof b === 'number') return Math.max(a, b)
  if (LESSER.has(keyword) && typeof a === 'number' && typeof b === 'number') return Math.min(a, b)
  if (keyword === 'properties' && isSchema(a) && isSchema(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)])
    return Object.fromEntries(
      [...names].map((name) => {
        const parts = [a, b].flatMap((part) => (Object.hasOwn(part, name) ? [part[name]] : []))
        return [name, parts.length > 1 ? { allOf: parts } : parts[0]]
      }),
    )
  }
  if (keyword === 'additionalProperties' || keyword === 'items') {
    if (a === false || b === false) return false
    if (a === true) return b
    return b === true ? a : { allOf: [a, b] }
  }
  throw new GrammarProblem(where, `two different values of "${keyword}" cannot be combined`)
}

function commonTypes(a: readonly string[], b: readonly string[], where: string): string[] {
  const common = a.flatMap((type) => {
    if (b.includes(type)) return [type]
    if (type === 'number' && b.includes('integer')) return ['integer']
    return type === 'integer' && b.includes('number') ? ['integer'] : []
  })
  if (common.length === 0) throw new GrammarProblem(where, 'no type satisfies all of its parts')
  return common
}

/** The types in a schema's `type`, which is a string or a list. */
export function typesOf(type: unknown): string[] {
  return (Array.isArray(type) ? type : [type]).filter((name) => typeof name === 'string')
}

/** Whether the value of a keyword is a schema object, not a boolean or a list. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
