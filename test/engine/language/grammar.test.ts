import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileJsonSchema } from '../../../src/engine/language/grammar/json-schema-grammar.ts'
import { type Bound, integersWithin, numbersWithin } from '../../../src/engine/language/grammar/number-grammar.ts'
import type { Language, Session } from '../../../src/engine/language/types.ts'
import { generateAll, loadTiny, never } from './tiny-model.ts'

let language: Language
let session: Session
let llama: Llama
beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error })
  language = await loadTiny()
  session = await language.open({ cells: 4096 })
})
afterAll(() => language[Symbol.asyncDispose]())

/** Whether llama.cpp's own parser accepts a text as a complete sentence of a grammar. */
async function reader(grammar: string): Promise<(text: string) => boolean> {
  const read = (await llama.createGrammar({ grammar })) as unknown as { _testText(text: string): boolean }
  return (text) => read._testText(text)
}

async function answer(sampling: Parameters<typeof generateAll>[1]) {
  const start = session.mark
  await session.evaluateTokens(language.tokenize('Say something.'), never)
  const generated = await generateAll(session, { maxTokens: 3000, ...sampling })
  session.rewind(start)
  return generated
}

/** Schema, valid texts and invalid texts. */
const schemas: readonly (readonly [string, unknown, readonly string[], readonly string[]])[] = [
  ['any object', { type: 'object' }, ['{}', '{"a": [1, {"b": null}], "c": "\\u00e9"}', '{ }'], ['[]', '{"a":}', '{"a":1', '{"a":1}}']],
  ['anything', true, ['1', 'null', '"x"', '[1,2]', '-1.5e3'], ['x', '01', '']],
  [
    'members in their order, some of which may be left out',
    { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' }, c: {} }, required: ['b'] },
    ['{"b":1}', '{"a":"x","b":1}', '{"a":"x","b":1,"c":[]}', '{"b": 2, "c": null}'],
    ['{}', '{"a":"x"}', '{"b":1,"a":"x"}', '{"b":1,"d":2}', '{"b":1.5}'],
  ],
  [
    'further members, whose names are others',
    { type: 'object', properties: { ab: { type: 'null' }, ac: { type: 'null' } }, additionalProperties: { type: 'integer' } },
    ['{}', '{"a":1}', '{"ab":null,"x":1,"abc":2}', '{"":1}', '{"x":1}'],
    ['{"ab":1}', '{"ac":null,"ab":null}', '{"x":null}', '{"x":1,"ab":1}'],
  ],
  [
    'a list that refers to itself',
    {
      $defs: {
        node: {
          type: 'object',
          properties: { v: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['v', 'next'],
          additionalProperties: false,
        },
      },
      $ref: '#/$defs/node',
    },
    ['{"v":1,"next":{"v":2,"next":null}}'],
    ['{"v":1}', '{"v":1,"next":3}'],
  ],
  [
    'choices, so many of them',
    { type: 'array', items: { enum: ['a', 'b', 3] }, minItems: 2, maxItems: 3 },
    ['["a","b"]', '["a", 3, "b"]'],
    ['[]', '["a"]', '["a","a","a","a"]', '["c","a"]'],
  ],
  ['a pattern', { type: 'string', pattern: '^\\d{3}-[a-z"]+$' }, ['"123-ab"', '"123-\\"x"'], ['"12-ab"', '"123-"', '"123-A"', '"123-ab']],
  ['a pattern that is somewhere', { type: 'string', pattern: 'foo|^bar' }, ['"a foo b"', '"bar x"', '"foo"'], ['"a bar"', '"fo"']],
  [
    'more letters than llama.cpp writes out',
    { type: 'string', minLength: 1, maxLength: 2500 },
    ['"a"', `"${'x'.repeat(2500)}"`, `"${'x'.repeat(1001)}"`],
    ['""', `"${'x'.repeat(2501)}"`],
  ],
  ['several types', { type: ['string', 'null'], minLength: 2 }, ['null', '"ab"'], ['"a"', '1']],
  ['OpenAPI and its null', { type: 'integer', nullable: true }, ['null', '12'], ['"a"']],
  [
    'all of several',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'boolean' } }, required: ['b'] },
      ],
    },
    ['{"a":1,"b":true}'],
    ['{"a":1}', '{"b":true}'],
  ],
  [
    'all of several, with names that objects inherit',
    {
      allOf: [
        { type: 'object', properties: { constructor: { type: 'integer' } }, required: ['constructor'] },
        { properties: { toString: { type: 'boolean' } } },
      ],
    },
    ['{"constructor":1,"toString":true}', '{"constructor":1}'],
    ['{"constructor":true}', '{"toString":true}'],
  ],
  ['a time', { type: 'string', format: 'date-time' }, ['"2024-01-31T10:00:00Z"'], ['"2024"', '"2024-13-31T10:00:00Z"']],
  ['an address', { type: 'string', format: 'email' }, ['"a@b.co"', '"a.b@c.d.e"'], ['"a"', '"a@b"']],
  ['a tuple', { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false }, ['[1,"x"]'], ['[1]', '[1,"x",2]']],
  [
    'a range whose bounds begin alike',
    { type: 'number', minimum: 0.1, maximum: 0.15 },
    ['0.1', '0.10', '0.12', '0.15', '0.1499'],
    ['0', '0.09', '0.151', '0.2', '0.0'],
  ],
  ['a share', { type: 'number', minimum: 0, maximum: 1 }, ['0', '1', '0.5', '1.0'], ['1.1', '-0.5', '2', '1.01']],
]

describe('a JSON schema as a grammar', () => {
  it.each(schemas)('%s', async (_, schema, right, wrong) => {
    const { grammar, loose } = compileJsonSchema(schema)
    const reads = await reader(grammar)
    expect(right.filter((text) => !reads(text))).toEqual([])
    expect(wrong.filter((text) => reads(text))).toEqual([])
    expect(loose).toEqual([])
  })

  it('limits integers and other numbers to their bounds', async () => {
    let state = 7
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    const decimal = () => Math.round((random() * 60 - 30) * 100) / 100
    for (let round = 0; round < 120; round += 1) {
      const whole = round % 3 === 0
      const bound = (): Bound | null =>
        random() < 0.15 ? null : { value: random() < 0.3 || whole ? Math.round(decimal()) : decimal(), open: random() < 0.5 }
      let [low, high] = [bound(), bound()]
      if (low && high && low.value > high.value) [low, high] = [high, low]
      const body = whole ? integersWithin(low, high) : numbersWithin(low, high)
      if (body == null) {
        expect(low && high && high.value - low.value < 2).toBe(true)
        continue
      }
      const reads = await reader(`root ::= ${body}`)
      const edges = [low, high].flatMap((edge) =>
        edge ? [-1, -0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1, 1].map((step) => edge.value + step) : [],
      )
      for (const near of [...edges, ...Array.from({ length: 20 }, decimal)]) {
        const value = whole ? Math.round(near) : Math.round(near * 1000) / 1000
        const text = Object.is(value, -0) ? '0' : String(value)
        const above = !low || (low.open ? value > low.value : value >= low.value)
        const below = !high || (high.open ? value < high.value : value <= high.value)
        expect([low, high, text, reads(text)]).toEqual([low, high, text, above && below])
      }
    }
  })

  it('rejects unsupported schemas with the location, and reports ignored keywords', () => {
    for (const [schema, where] of [
      [{ type: 'object', properties: { a: { type: 'text' } } }, 'properties.a'],
      [{ type: 'array', items: { $ref: 'https://example.org/x' } }, 'items'],
      [{ $ref: '#' }, ''],
      [{ anyOf: [{ $ref: '#' }, { type: 'null' }] }, 'anyOf.0'],
      [{ type: 'object', properties: { a: { allOf: [{ type: 'string' }, { type: 'null' }] } } }, 'properties.a'],
      [{ type: 'array', items: { enum: [] } }, 'items'],
      [{ type: 'string', pattern: '(?=a)b' }, ''],
      [{ type: 'string', maxLength: 10_000_000 }, ''],
    ] as const) {
      expect(() => compileJsonSchema(schema)).toThrow(expect.objectContaining({ where }))
    }
    let deep: unknown = { type: 'null' }
    for (let i = 0; i < 100_000; i += 1) deep = { type: 'array', items: deep }
    expect(() => compileJsonSchema(deep)).toThrow('too deep')
    const { loose } = compileJsonSchema({
      type: 'object',
      properties: { n: { type: 'number', multipleOf: 0.5 }, s: { type: 'string', not: {} } },
    })
    expect(loose).toEqual([
      { where: 'properties.n', keyword: 'multipleOf' },
      { where: 'properties.s', keyword: 'not' },
    ])
  })
})

describe('an answer with a grammar', () => {
  const schema = {
    type: 'object',
    properties: {
      color: { enum: ['red', 'blue'] },
      count: { type: 'integer', minimum: 1, maximum: 20 },
      words: { type: 'array', items: { type: 'string', maxLength: 5 }, maxItems: 3 },
    },
    required: ['color', 'count', 'words'],
  }

  it.each([0, 0.7, 1.5])('is complete at temperature %s, though the model is random', async (temperature) => {
    const { grammar } = compileJsonSchema(schema)
    for (let seed = 0; seed < (temperature === 0 ? 1 : 12); seed += 1) {
      const { text, finish } = await answer({ grammar, temperature, seed, topP: 0.95 })
      expect(finish).toBe('end')
      const parsed = JSON.parse(text) as { color: string; count: number; words: string[] }
      expect(Object.keys(parsed)).toEqual(['color', 'count', 'words'])
      expect(['red', 'blue']).toContain(parsed.color)
      expect(parsed.count).toBeGreaterThanOrEqual(1)
      expect(parsed.count).toBeLessThanOrEqual(20)
      expect(parsed.words.length).toBeLessThanOrEqual(3)
    }
  })

  it('is cut only by its length, because repetition does not end it', async () => {
    expect(await answer({ grammar: 'root ::= "ab"*  "c"', maxTokens: 200 })).toMatchObject({ finish: expect.stringMatching(/length|end/) })
    const { text, finish } = await answer({ grammar: 'root ::= "a"{300}', maxTokens: 1000 })
    expect([text, finish]).toEqual(['a'.repeat(300), 'end'])
  })

  it.each([
    ['no GBNF', 'root = "a"'],
    ['no root', 'start ::= "a"'],
    ['a missing rule', 'root ::= other'],
    ['a left-recursive rule', 'root ::= root "a" | "b"'],
    ['only brackets', `root ::= ${'('.repeat(100_000)}"a"${')'.repeat(100_000)}`],
    ['a long chain of rules', `root ::= r0\n${Array.from({ length: 60_000 }, (_, i) => `r${i} ::= r${i + 1}`).join('\n')}`],
    ['a grammar with huge repetitions', `root ::= ("${'x'.repeat(10_000)}"){2000}${'"y"{2000} '.repeat(2000)}`],
    ['a NUL', 'root ::= "a"\0'],
  ])('rejects %s', (_, grammar) => {
    expect(() => language.checkGrammar(grammar)).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describe('log probabilities', () => {
  it('match the logits and sum to one', async () => {
    const start = session.mark
    await session.evaluateTokens(language.tokenize('Say something.'), never)
    const logits = await session.logits()
    const sum = logits.reduce((all, logit) => all + Math.exp(logit), 0)
    const { pieces, tokens } = await generateAll(session, { maxTokens: 12, temperature: 1.3, seed: 5, logprobs: 20 })
    session.rewind(start)
    const allLogprobs = pieces.flatMap(({ logprobs = [] }) => logprobs)
    expect(allLogprobs).toHaveLength(tokens.length)
    const [first] = allLogprobs
    expect(first?.logprob).toBeCloseTo((logits[tokens[0] ?? 0] ?? 0) - Math.log(sum), 4)
    const best = [...logits].sort((a, b) => b - a).slice(0, 20)
    expect(first?.top.map(({ logprob }) => logprob)).toEqual(best.map((logit) => expect.closeTo(logit - Math.log(sum), 4)))
    for (const { bytes, text, top } of allLogprobs) {
      expect(top).toHaveLength(20)
      expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(text)
    }
  })

  it('are omitted for tokens of a stop string', async () => {
    const { text } = await answer({ maxTokens: 30 })
    const stop = text.slice(6, 9)
    const { pieces, finish } = await answer({ maxTokens: 30, stop: [stop], logprobs: 0 })
    expect(finish).toBe('stop')
    const bytes = pieces.flatMap(({ logprobs = [] }) => logprobs.flatMap((entry) => entry.bytes))
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(text.slice(0, text.indexOf(stop)))
  })
})
