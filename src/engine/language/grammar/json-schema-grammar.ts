import { isDeepStrictEqual } from 'node:util'
import { characters, either, GrammarBuilder, GrammarProblem, literal } from './gbnf.ts'
import { ANNOTATIONS, isSchema, type JsonSchema, merged, typesOf } from './json-schema-merge.ts'
import { STRING_FORMATS } from './json-string-formats.ts'
import { type Bound, INTEGER, integersWithin, NUMBER, numbersWithin } from './number-grammar.ts'
import { patternBody } from './regex-grammar.ts'

/** A grammar in GBNF, with the constraints of its source that it does not enforce. */
export interface CompiledGrammar {
  readonly grammar: string
  /** Locations in the schema, with the keyword that is not enforced. */
  readonly loose: readonly { readonly where: string; readonly keyword: string }[]
}

const MAX_DEPTH = 200
const MAX_VISITS = 20_000
/** Limits whitespace to a useful depth of indentation. */
const SPACE_BODY = '| " " | "\\n"{1,2} [ \\t]{0,20}'
const PLAIN_CHARACTER = '[^"\\\\\\x7F\\x00-\\x1F]'
const CHARACTER_BODY = `${PLAIN_CHARACTER} | [\\\\] (["\\\\bfnrt] | "u" [0-9a-fA-F]{4})`
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
type Type = (typeof TYPES)[number]

/** Keywords by type, to infer the type of a schema without `type`. */
const OF_TYPE: readonly (readonly [Type, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties', 'patternProperties', 'propertyNames']],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'additionalItems', 'uniqueItems', 'contains']],
  ['string', ['pattern', 'minLength', 'maxLength', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]
const HELD = new Set([
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'const', 'enum', 'type', 'nullable', 'properties', 'required', 'additionalProperties'],
  ...['minProperties', 'maxProperties', 'items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'pattern', 'minLength'],
  ...['maxLength', 'format', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
])

/**
 * Compiles a JSON schema (draft 7 and later, as written by the libraries of OpenAI, pydantic and zod) to a grammar that accepts only JSON
 * that the schema accepts. Members must be in the order of `properties`. Objects do not allow additional properties unless
 * `additionalProperties` is set, unlike in JSON schema. Throws {@link GrammarProblem} for a schema that cannot be written as a grammar.
 */
export function compileJsonSchema(schema: unknown): CompiledGrammar {
  return new SchemaCompiler(schema).compile()
}

/** Any JSON object. */
export function anyJsonObject(): CompiledGrammar {
  return compileJsonSchema({ type: 'object' })
}

class SchemaCompiler {
  readonly #grammar = new GrammarBuilder()
  readonly #root: unknown
  readonly #loose: { where: string; keyword: string }[] = []
  /** Rules of `$ref` targets, by reference. */
  readonly #refs = new Map<string, string>()
  /** References followed since the last character; a reference that occurs again would recurse without end. */
  #leading: ReadonlySet<string> = new Set()
  #depth = 0
  #visits = 0
  #value: string | null = null

  constructor(root: unknown) {
    this.#root = root
  }

  compile(): CompiledGrammar {
    const root = this.#visit(this.#root, '')
    return { grammar: this.#grammar.text(root), loose: this.#loose }
  }

  /** Returns the name of the rule for a schema. */
  #visit(schema: unknown, where: string): string {
    this.#visits += 1
    if (this.#depth > MAX_DEPTH || this.#visits > MAX_VISITS) throw new GrammarProblem(where, 'the schema is too deep or too large')
    this.#depth += 1
    try {
      if (schema === true) return this.#anyValue()
      if (schema === false) throw new GrammarProblem(where, 'no value satisfies the schema "false"')
      if (!isSchema(schema)) throw new GrammarProblem(where, 'a schema is an object or a boolean')
      return this.#grammar.rule(this.#body(schema, where))
    } catch (error) {
      // Errors of the builder and of patterns do not contain a location.
      throw error instanceof GrammarProblem && error.where === '' ? new GrammarProblem(where, error.message) : error
    } finally {
      this.#depth -= 1
    }
  }

  #body(schema: JsonSchema, where: string): string {
    for (const keyword of Object.keys(schema)) if (!HELD.has(keyword) && !ANNOTATIONS.has(keyword)) this.#loose.push({ where, keyword })
    const { $ref, allOf, anyOf, oneOf, nullable, ...rest } = schema
    const constrained = Object.keys(rest).some((keyword) => HELD.has(keyword))
    if ($ref !== undefined && !constrained && !allOf && !anyOf && !oneOf) return this.#reference($ref, where)
    if ($ref !== undefined || allOf !== undefined) {
      const parts = [...($ref === undefined ? [] : [this.#target($ref, where)]), ...listOf(allOf, 'allOf', where)]
      const whole = parts.reduce<JsonSchema>(
        (all, part, i) => (part === true ? all : merged(all, this.#flat(part, `${where}.allOf.${i}`), where)),
        this.#without(schema, ['$ref', 'allOf']),
      )
      return this.#visit(whole, where)
    }
    if (nullable === true) return either([this.#visit(this.#without(schema, ['nullable']), where), '"null"'])
    for (const [keyword, alternatives] of [
      ['anyOf', anyOf],
      ['oneOf', oneOf],
    ] as const) {
      if (alternatives === undefined) continue
      const beside = this.#without(schema, [keyword])
      const alone = !Object.keys(beside).some((other) => HELD.has(other))
      return either(
        listOf(alternatives, keyword, where).map((alternative, i) => {
          const place = join(where, `${keyword}.${i}`)
          return this.#visit(alone || alternative === true ? alternative : merged(beside, this.#flat(alternative, place), place), place)
        }),
      )
    }
    if ('const' in schema) return literal(JSON.stringify(schema.const))
    if (schema.enum !== undefined) return this.#enumeration(schema, where)
    const types = this.#types(schema, where)
    if (types.length === 0) return this.#anyValue()
    return either(types.map((type) => this.#grammar.rule(this.#ofType(type, schema, where))))
  }

  /** Resolves references at the top level of a schema, so that it can be merged with another. */
  #flat(schema: unknown, where: string): JsonSchema {
    let flat = schema
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      if (!isSchema(flat)) throw new GrammarProblem(where, 'a schema is an object or a boolean')
      if (flat.$ref === undefined) return flat
      const target = this.#target(flat.$ref, where)
      if (!isSchema(target)) throw new GrammarProblem(where, 'a schema is an object or a boolean')
      flat = merged(target, this.#without(flat, ['$ref']), where)
    }
    throw new GrammarProblem(where, 'its references form a cycle')
  }

  #without(schema: JsonSchema, keywords: readonly string[]): JsonSchema {
    return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)))
  }

  #reference($ref: unknown, where: string): string {
    const address = String($ref)
    if (this.#leading.has(address)) throw new GrammarProblem(where, `"${address}" refers directly to itself`)
    const known = this.#refs.get(address)
    if (known) return known
    const target = this.#target($ref, where)
    const name = this.#grammar.reserve()
    this.#refs.set(address, name)
    const before = this.#leading
    this.#leading = new Set([...before, address])
    this.#grammar.define(name, this.#visit(target, address.replace(/^#\/?/, '').replaceAll('/', '.')))
    this.#leading = before
    return name
  }

  #target($ref: unknown, where: string): unknown {
    if (typeof $ref !== 'string' || !/^#(\/|$)/.test($ref))
      throw new GrammarProblem(where, `the reference ${JSON.stringify($ref)} does not point into this schema ("#/…")`)
    let target: unknown = this.#root
    for (const step of $ref.split('/').slice(1)) {
      const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
      const inside: unknown =
        typeof target === 'object' && target !== null && Object.hasOwn(target, name) ? Reflect.get(target, name) : undefined
      if (inside === undefined) throw new GrammarProblem(where, `"${$ref}" does not exist`)
      target = inside
    }
    return target
  }

  #enumeration(schema: JsonSchema, where: string): string {
    const types = typesOf(schema.type)
    const values = listOf(schema.enum, 'enum', where).filter((value) => types.length === 0 || types.some((type) => isOfType(value, type)))
    if (values.length === 0) throw new GrammarProblem(where, 'no value of its "enum" has its "type"')
    return either(values.map((value) => literal(JSON.stringify(value))))
  }

  #types(schema: JsonSchema, where: string): Type[] {
    if (schema.type !== undefined) {
      const types = typesOf(schema.type).filter((type): type is Type => TYPES.includes(type as Type))
      if (types.length === 0 || !isDeepStrictEqual(types, typesOf(schema.type)))
        throw new GrammarProblem(where, `the type ${JSON.stringify(schema.type)} does not exist`)
      return types
    }
    const meant = OF_TYPE.find(([, keywords]) => keywords.some((keyword) => keyword in schema))
    return meant ? [meant[0]] : []
  }

  #ofType(type: Type, schema: JsonSchema, where: string): string {
    switch (type) {
      case 'object':
        return this.#inside(() => this.#object(schema, where))
      case 'array':
        return this.#inside(() => this.#array(schema, where))
      case 'string':
        return this.#string(schema, where)
      case 'number':
      case 'integer':
        return this.#number(type, schema, where)
      case 'boolean':
        return '"true" | "false"'
      case 'null':
        return '"null"'
    }
  }

  /** References after an opening bracket may be recursive. */
  #inside<T>(make: () => T): T {
    const before = this.#leading
    this.#leading = new Set()
    try {
      return make()
    } finally {
      this.#leading = before
    }
  }

  #object(schema: JsonSchema, where: string): string {
    const properties = isSchema(schema.properties) ? schema.properties : {}
    const required = new Set(schema.required === undefined ? [] : listOf(schema.required, 'required', where, true).map(String))
    const names = [...new Set([...Object.keys(properties), ...required])]
    const { additionalProperties: further = names.length === 0 } = schema
    const space = this.#space
    const member = (key: string, value: string) => `${key} ":" ${space} ${value}`
    const known = names.map((name) => {
      const value = this.#visit(Object.hasOwn(properties, name) ? properties[name] : true, join(where, `properties.${name}`))
      return { rule: this.#grammar.rule(member(literal(JSON.stringify(name)), value)), required: required.has(name) }
    })
    const any = further === false ? null : member(this.#otherKey(names), this.#visit(further, join(where, 'additionalProperties')))
    const [min, max] = [count(schema, 'minProperties', where) ?? 0, count(schema, 'maxProperties', where) ?? Number.POSITIVE_INFINITY]
    const comma = `"," ${space}`
    if (names.length === 0) {
      if (any === null && min > 0) throw new GrammarProblem(where, 'it requires properties but allows none')
      const members = any === null ? '' : this.#grammar.separated(any, comma, min, max)
      return `"{" ${space} ${members} ${space} "}"`
    }
    // Optional members are not counted.
    if (required.size < min) this.#loose.push({ where, keyword: 'minProperties' })
    if (max < names.length || (any !== null && max !== Number.POSITIVE_INFINITY)) this.#loose.push({ where, keyword: 'maxProperties' })
    let later = any === null ? '' : `${this.#grammar.rule(`${comma} ${any}`)}*`
    let first = any === null ? '""' : `(${this.#grammar.rule(any)} ${later})?`
    for (const { rule, required: must } of known.toReversed()) {
      const begun = `${rule} ${later}`.trim()
      first = must ? begun : either([this.#grammar.rule(begun), this.#grammar.rule(first)])
      const next = this.#grammar.rule(`${comma} ${rule}`)
      later = this.#grammar.rule(`${next}${must ? '' : '?'} ${later}`.trim())
    }
    return `"{" ${space} ${first} ${space} "}"`
  }

  /** A key other than the given names. Escapes are excluded, so that none of the names can be written in another form. */
  #otherKey(names: readonly string[]): string {
    const plain = this.#grammar.rule(PLAIN_CHARACTER)
    const after = (begun: string): string => {
      const letters = new Map<string, true>()
      for (const name of names) {
        const next = name.startsWith(begun) ? Array.from(name.slice(begun.length))[0] : undefined
        if (next !== undefined && /[^"\\\p{Cc}]/u.test(next)) letters.set(next, true)
      }
      const codes = [...letters.keys()].map((letter) => letter.codePointAt(0) ?? 0)
      const known = [...letters.keys()].map((letter) => `${literal(letter)} ${after(begun + letter)}`)
      const other = `${characters([...codes.map((code) => [code, code] as const), [0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], [0x7f, 0x7f]], true)} ${plain}*`
      const end = names.includes(begun) ? [] : ['""']
      return this.#grammar.rule(either([...known, other, ...end]))
    }
    return names.length === 0 ? this.#anyString : `"\\"" ${after('')} "\\""`
  }

  #array(schema: JsonSchema, where: string): string {
    const space = this.#space
    const { items, prefixItems, additionalItems } = schema
    const tuple = prefixItems ?? (Array.isArray(items) ? items : undefined)
    const further = Array.isArray(items) ? additionalItems : items
    const first = tuple === undefined ? [] : listOf(tuple, 'prefixItems', where, true)
    const [min, max] = [count(schema, 'minItems', where) ?? 0, count(schema, 'maxItems', where) ?? Number.POSITIVE_INFINITY]
    if (max < Math.max(min, first.length)) throw new GrammarProblem(where, 'its maximum number of items is less than its minimum')
    const comma = `"," ${space}`
    const known = first.map((item, i) => this.#visit(item, join(where, `prefixItems.${i}`)))
    if (further === false || (further === undefined && first.length > 0)) {
      if (min > first.length) throw new GrammarProblem(where, 'its maximum number of items is less than its minimum')
      return `"[" ${space} ${known.join(` ${comma} `)} ${space} "]"`
    }
    const item = this.#visit(further ?? true, join(where, 'items'))
    if (known.length === 0) return `"[" ${space} ${this.#grammar.separated(item, comma, min, max)} ${space} "]"`
    const more = this.#grammar.repeated(`${comma} ${item}`, Math.max(0, min - known.length), max - known.length)
    return `"[" ${space} ${known.join(` ${comma} `)} ${more} ${space} "]"`
  }

  #string(schema: JsonSchema, where: string): string {
    const { pattern, format } = schema
    const min = count(schema, 'minLength', where)
    const max = count(schema, 'maxLength', where)
    const lengths = ['minLength', 'maxLength'].filter((keyword) => schema[keyword] !== undefined)
    const known = typeof format === 'string' && Object.hasOwn(STRING_FORMATS, format) ? STRING_FORMATS[format] : undefined
    if (typeof pattern === 'string') {
      for (const keyword of [...lengths, ...(known === undefined ? [] : ['format'])]) this.#loose.push({ where, keyword })
      return `"\\"" ${patternBody(this.#grammar, pattern, { inJson: true, anchored: false })} "\\""`
    }
    if (format !== undefined && known === undefined) this.#loose.push({ where, keyword: 'format' })
    if (known !== undefined) {
      for (const keyword of lengths) this.#loose.push({ where, keyword })
      return `"\\"" ${this.#grammar.rule(known)} "\\""`
    }
    if (lengths.length === 0) return this.#anyString
    if ((max ?? Number.POSITIVE_INFINITY) < (min ?? 0))
      throw new GrammarProblem(where, 'its maximum length is less than its minimum length')
    return `"\\"" ${this.#grammar.repeated(CHARACTER_BODY, min ?? 0, max ?? Number.POSITIVE_INFINITY)} "\\""`
  }

  #number(type: 'number' | 'integer', schema: JsonSchema, where: string): string {
    const { multipleOf } = schema
    const whole = type === 'integer' || multipleOf === 1
    if (multipleOf !== undefined && multipleOf !== 1) this.#loose.push({ where, keyword: 'multipleOf' })
    const low = boundOf(schema, 'minimum', 'exclusiveMinimum', Math.max)
    const high = boundOf(schema, 'maximum', 'exclusiveMaximum', Math.min)
    if (!low && !high) return whole ? INTEGER : NUMBER
    const body = whole ? integersWithin(low, high) : numbersWithin(low, high)
    if (body === null) throw new GrammarProblem(where, 'no number is within its bounds')
    if (body !== undefined) return body
    this.#loose.push({ where, keyword: 'minimum and maximum' })
    return whole ? INTEGER : NUMBER
  }

  #anyValue(): string {
    if (this.#value !== null) return this.#value
    const value = this.#grammar.reserve()
    this.#value = value
    const [space, key] = [this.#space, this.#anyString]
    const comma = `"," ${space}`
    const object = this.#grammar.rule(
      `"{" ${space} ${this.#grammar.separated(`${key} ":" ${space} ${value}`, comma, 0, Infinity)} ${space} "}"`,
    )
    const array = this.#grammar.rule(`"[" ${space} ${this.#grammar.separated(value, comma, 0, Infinity)} ${space} "]"`)
    this.#grammar.define(value, `${object} | ${array} | ${key} | ${this.#grammar.rule(NUMBER)} | "true" | "false" | "null"`)
    return value
  }

  get #space(): string {
    return this.#grammar.rule(SPACE_BODY)
  }

  get #anyString(): string {
    return this.#grammar.rule(`"\\"" ${this.#grammar.rule(CHARACTER_BODY)}* "\\""`)
  }
}

function join(where: string, step: string): string {
  return where === '' ? step : `${where}.${step}`
}

function listOf(value: unknown, keyword: string, where: string, mayBeEmpty = false): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || (value.length === 0 && !mayBeEmpty)) throw new GrammarProblem(where, `"${keyword}" must be a non-empty list`)
  return value
}

/** Value of a keyword that contains a count. */
function count(schema: JsonSchema, keyword: string, where: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new GrammarProblem(where, `"${keyword}" must be a whole number`)
  return value
}

/** The stricter of two bounds. Drafts before 6 use `exclusiveMinimum: true` with `minimum`. */
function boundOf(schema: JsonSchema, closed: string, open: string, stricter: (a: number, b: number) => number): Bound | null {
  const [value, exclusive] = [schema[closed], schema[open]]
  if (typeof exclusive === 'number') {
    if (typeof value !== 'number') return { value: exclusive, open: true }
    const strict = stricter(value, exclusive)
    return { value: strict, open: strict === exclusive }
  }
  return typeof value === 'number' ? { value, open: exclusive === true } : null
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  return type === 'object' ? isSchema(value) : typeof value === type
}
