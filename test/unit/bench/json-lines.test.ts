import { describe, expect, it, onTestFinished } from 'vitest'
import { readPlaces } from '../../../src/bench/explore/run-index.ts'
import { type JsonLine, readJsonLines } from '../../../src/bench/json-lines.ts'
import { MAX_LINE_BYTES } from '../../../src/bench/line-splitter.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal

/** Returns the lines of a file with this content, and what is found when they are read again at their places. */
async function read(content: string | Buffer) {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const path = await scratch.write('a.json', content)
  const json: JsonLine[] = []
  const broken: { readonly line: number; readonly reason: string }[] = []
  for await (const line of readJsonLines(path, never)) {
    if (line.kind === 'json') json.push(line)
    else broken.push({ line: line.line, reason: line.reason })
  }
  return { json, broken, again: await readPlaces(json) }
}

describe('a file with a JSON array', () => {
  const items = [{ a: '}, "\\\\"]', b: [1, [2, {}]] }, 'x\\', 3, null, [], { ä: '🚗', end: '\\"' }]

  it.each([
    ['on one line', JSON.stringify(items)],
    ['in several lines', JSON.stringify(items, null, 2)],
    ['with a byte order mark and CRLF', `\ufeff${JSON.stringify(items, null, 2).replaceAll('\n', '\r\n')}\r\n`],
    ['after blank lines', `\n \n${JSON.stringify(items)}`],
    ['with a comma at its end', JSON.stringify(items).replace(/\]$/, ',\n]\n')],
  ])('%s is read item by item', async (_, text) => {
    const { json, broken, again } = await read(text)
    expect(json.map(({ value }) => value)).toEqual(items)
    expect(again).toEqual(items)
    expect(json.map(({ text: line }) => line).filter((line) => line.includes('\n'))).toEqual([])
    expect(broken).toEqual([])
  })

  it('is read across the chunks of a long file', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ i, text: 'é"\\'.repeat(i % 50) }))
    const { json, again } = await read(JSON.stringify(many, null, 1))
    expect(json.map(({ value }) => value)).toEqual(many)
    expect(again).toEqual(many)
  })

  it('reports each broken item with its line, and a part that is missing at the end', async () => {
    const { json, broken } = await read('[\n  {"a": 1},\n  {"a" 2},\n\n  {"a": 3}, {"a": 4,\n')
    expect(json.map(({ value, line }) => [value, line])).toEqual([
      [{ a: 1 }, 2],
      [{ a: 3 }, 5],
    ])
    expect(broken).toEqual([
      { line: 3, reason: expect.stringMatching(/^not JSON: /) as string },
      { line: 5, reason: expect.stringMatching(/^not JSON: /) as string },
    ])
  })

  it.each(['[1,\n2', '[1,\n2,', '[1,\n2\n', '[1, {"a": [2]}\n,'])('is reported if it was cut off between two items: %j', async (text) => {
    const { json, broken } = await read(text)
    expect(json).toHaveLength(2)
    expect(broken).toEqual([{ line: text.split('\n').length, reason: expect.stringMatching(/^not JSON: .*end/) as string }])
  })

  it('may be followed by another one, but not by other text', async () => {
    const { json, broken } = await read('["a", "b"]\n["c"]\nd\n')
    expect(json.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
    expect(broken).toMatchObject([{ line: 3 }])
  })

  it('reports an item that is too long', async () => {
    const { json, broken } = await read(`["${'x'.repeat(MAX_LINE_BYTES)}", 1]`)
    expect(broken).toEqual([{ line: 1, reason: 'longer than 16 MiB' }])
    expect(json.map(({ value }) => value)).toEqual([1])
  })

  it('may be empty', async () => {
    expect(await read(' [ ] ')).toMatchObject({ json: [], broken: [] })
  })
})

describe('JSON lines', () => {
  it('may contain the numbers that only Python writes', async () => {
    const { json, broken, again } = await read('{"a": NaN, "b": [-Infinity, Infinity], "NaN": "NaN \\"Infinity"}\n{"a": Nan}\n')
    const values = [{ a: null, b: [null, null], NaN: 'NaN "Infinity' }]
    expect(json.map(({ value }) => value)).toEqual(values)
    expect(again).toEqual(values)
    expect(broken).toMatchObject([{ line: 2, reason: expect.stringMatching(/^not JSON: /) as string }])
  })

  it('may have been joined from files with byte order marks and with CRLF', async () => {
    const { json, broken } = await read('\ufeff{"a": 1}\r\n\ufeff{"a": 2}\r\n')
    expect(json.map(({ value, line }) => [value, line])).toEqual([
      [{ a: 1 }, 1],
      [{ a: 2 }, 2],
    ])
    expect(broken).toEqual([])
  })
})
