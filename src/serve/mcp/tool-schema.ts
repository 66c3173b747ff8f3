import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** Keywords of `meta` that only our own help texts and settings know; see `optionInfo`. Programs of agents may refuse schemas with unknown keywords. */
interface OptionKeywords {
  readonly unit?: string
  readonly whenAbsent?: string
  readonly description?: string
}
const OWN = ['$schema', 'title', 'unit', 'whenAbsent', 'allowed']

/** A zod schema as the protocol's library wants it: its JSON schema has standard keywords only, and units and defaults are in the descriptions. */
export function toolSchema<Schema extends z.ZodType>(schema: Schema): StandardSchemaWithJSON<z.input<Schema>, z.output<Schema>> {
  // Results may get further fields, so they are described as leniently as what is read.
  const json = () => standardOnly(z.toJSONSchema(schema, { io: 'input' })) as Record<string, unknown>
  const { validate, vendor, version } = schema['~standard']
  return { '~standard': { validate, vendor, version, jsonSchema: { input: json, output: json } } }
}

function standardOnly(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(standardOnly)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
    if (OWN.includes(keyword) || Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return []
    if (keyword === 'properties' || keyword === '$defs') {
      const named = Object.entries(value as object).map(([name, member]) => [name, standardOnly(member)])
      return [[keyword, Object.fromEntries(named)]]
    }
    return [[keyword, keyword === 'enum' || keyword === 'const' || keyword === 'default' ? value : standardOnly(value)]]
  })
  const description = descriptionOf(schema)
  return { ...Object.fromEntries(entries), ...(description !== '' && { description }) }
}

function descriptionOf({ description, unit, whenAbsent }: OptionKeywords): string {
  return [description, unit && `In ${unit}.`, whenAbsent && `Default: ${whenAbsent}.`].filter((sentence) => sentence).join(' ')
}
