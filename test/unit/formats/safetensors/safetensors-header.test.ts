import { open } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkHeader, MAX_HEADER_BYTES, readSafetensorsHeader } from '../../../../src/engine/formats/safetensors/safetensors-header.ts'
import type { TarsierError } from '../../../../src/shared/errors.ts'
import { safetensorsBytes, withHeader } from '../../../helpers/checkpoint-folder.ts'
import { mutations } from '../../../helpers/mutations.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

/** The error message, or null. Any error other than a TarsierError fails the test. */
function errorOf(header: string | Uint8Array, dataBytes = 8): string | null {
  try {
    checkHeader(Buffer.from(header as string), dataBytes, 'x.safetensors')
    return null
  } catch (error) {
    expect((error as TarsierError).code).toBe('model-damaged')
    return (error as Error).message
  }
}

const entry = (fields: object = {}) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields })
const one = (fields: object) => JSON.stringify({ a: entry(fields) })

describe('checkHeader', () => {
  it('returns every tensor with its place', () => {
    const header = JSON.stringify({
      __metadata__: { format: 'pt' },
      b: { dtype: 'BF16', shape: [2, 3], data_offsets: [8, 20] },
      a: entry(),
      empty: { dtype: 'F32', shape: [4, 0], data_offsets: [20, 20] },
      one: { dtype: 'U8', shape: [], data_offsets: [20, 21] },
      __proto__x: { dtype: 'I64', shape: [0], data_offsets: [21, 21] },
    })
    const start = 8 + header.length
    expect([...checkHeader(Buffer.from(header), 21, 'x')]).toEqual([
      ['b', { dtype: 'BF16', shape: [2, 3], position: start + 8, bytes: 12 }],
      ['a', { dtype: 'F32', shape: [2], position: start, bytes: 8 }],
      ['empty', { dtype: 'F32', shape: [4, 0], position: start + 20, bytes: 0 }],
      ['one', { dtype: 'U8', shape: [], position: start + 20, bytes: 1 }],
      ['__proto__x', { dtype: 'I64', shape: [0], position: start + 21, bytes: 0 }],
    ])
    expect(errorOf(`${one({})}     `)).toBeNull()
    expect([...checkHeader(Buffer.from(`{"__proto__":${JSON.stringify(entry())}}`), 8, 'x').keys()]).toEqual(['__proto__'])
  })

  it.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /does not start/],
    ['space before the header', ` ${one({})}`, /does not start/],
    ['a byte order mark', `\ufeff${one({})}`, /does not start/],
    ['half a header', one({}).slice(0, -2), /not JSON/],
    ['something after the header', `${one({})}x`, /not JSON/],
    [
      'a name that is not UTF-8',
      Buffer.concat([Buffer.from('{"'), Buffer.of(0xff, 0xfe), Buffer.from(`":${JSON.stringify(entry())}}`)]),
      /not JSON/,
    ],
    ['a name with a lone surrogate', `{"\\ud800":${JSON.stringify(entry())}}`, /not valid text/],
    ['a repeated tensor', `{"a":${JSON.stringify(entry())},"a":${JSON.stringify(entry())}}`, /"a" twice/],
    ['a tensor repeated with an escaped name', `{"a":${JSON.stringify(entry())},"\\u0061":${JSON.stringify(entry())}}`, /"a" twice/],
    ['a repeated field', '{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', /"dtype" twice/],
    ['an extra field', one({ more: 1 }), /incorrectly/],
    ['a missing field', '{"a":{"dtype":"F32","shape":[2]}}', /incorrectly/],
    ['a tensor that is null', '{"a":null}', /incorrectly/],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', /metadata/],
    ['metadata that is a list', '{"__metadata__":["a"]}', /metadata/],
    ['an unknown type', one({ dtype: 'F33' }), /unknown type "F33"/],
    ['a type named like an object property', one({ dtype: 'constructor' }), /unknown type/],
    ['a negative size', one({ shape: [-2] }), /incorrectly/],
    ['half a size', one({ shape: [2.5] }), /incorrectly/],
    ['a size that is a text', one({ shape: ['2'] }), /incorrectly/],
    ['a size of 2^53', '{"a":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,8]}}', /incorrectly/],
    ['a size that rounds to another', '{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,9007199254740993]}}', /incorrectly/],
    ['a size of 1e400', '{"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,8]}}', /incorrectly/],
    ['nine dimensions', one({ shape: [2, 1, 1, 1, 1, 1, 1, 1, 1] }), /incorrectly/],
    // As C++ multiplies, this wraps around to 4.
    ['a product past 2^64', one({ shape: [4194305, 4194305, 211106198978564] }), /too large/],
    ['a product past 2^53', one({ dtype: 'U8', shape: [2 ** 27, 2 ** 27] }), /too large/],
    ['a product that overflows before a zero', one({ shape: [2 ** 50, 2 ** 50, 0], data_offsets: [0, 0] }), /too large/],
    ['elements that end within a byte', one({ dtype: 'F4', shape: [3], data_offsets: [0, 2] }), /too large/],
    ['an end before the beginning', one({ data_offsets: [8, 0] }), /puts the tensor/],
    ['an end past the data', one({ data_offsets: [8, 16] }), /puts the tensor/],
    ['an end past 2^53', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9007199254740992]}}', /incorrectly/],
    ['three offsets', one({ data_offsets: [0, 4, 8] }), /incorrectly/],
    ['fewer bytes than the shape needs', one({ shape: [3] }), /need 12/],
    ['a hole before the first tensor', one({ shape: [1], data_offsets: [4, 8] }), /gap/],
    ['two tensors at one place', `{"a":${JSON.stringify(entry())},"b":${JSON.stringify(entry())}}`, /overlap/],
    ['undescribed data', one({ shape: [1], data_offsets: [0, 4] }), /contains 8/],
    ['data and no tensors', '{}', /contains 8/],
    ['lists in lists', '{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}', /nested too deeply/],
    ['a hundred thousand brackets', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested too deeply/],
    ['empty lists without end', `{"a":[${'{},'.repeat(200_000)}{}]}`, /too many tensors/],
    ['numbers without end', `{"a":[${'0,'.repeat(1_100_000)}0]}`, /too many tensors/],
    ['a number of a million digits', `{"a":${'9'.repeat(1_000_000)}}`, /number in its header that is too large/],
    ['a name of two million letters', `{"${'a'.repeat(2_000_000)}":1}`, /name in its header that is too long/],
  ])('rejects %s', (_, header, message) => {
    expect(errorOf(header)).toMatch(message)
  })

  it('accepts valid files, and rejects them one byte shorter or longer', () => {
    const dtype = fc.constantFrom(['F32', 4] as const, ['BF16', 2] as const, ['F16', 2] as const, ['I64', 8] as const)
    const tensor = fc.record({ dtype, shape: fc.array(fc.nat(4), { maxLength: 4 }) })
    const name = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/\p{Surrogate}/u.test(text) && text !== '__metadata__')
    fc.assert(
      fc.property(fc.dictionary(name, tensor, { maxKeys: 6 }), (made) => {
        const header: Record<string, object> = Object.create(null)
        let at = 0
        for (const [
          key,
          {
            dtype: [type, size],
            shape,
          },
        ] of Object.entries(made)) {
          const bytes = shape.reduce((product, length) => product * length, size)
          header[key] = { dtype: type, shape, data_offsets: [at, at + bytes] }
          at += bytes
        }
        const text = JSON.stringify(header)
        expect(errorOf(text, at)).toBeNull()
        expect(errorOf(text, at + 1)).not.toBeNull()
        if (at > 0) expect(errorOf(text, at - 1)).not.toBeNull()
      }),
    )
  })

  it('reads or rejects any changed bytes', () => {
    const header = Buffer.from(JSON.stringify({ a: entry(), b: entry({ data_offsets: [8, 16] }), __metadata__: { k: 'v' } }))
    const change = fc.record({
      at: fc.nat(header.length - 1),
      to: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0919\\e-'))),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const changed = Buffer.from(header)
        for (const { at, to } of changes) changed[at] = to
        let tensors: ReturnType<typeof checkHeader>
        try {
          tensors = checkHeader(changed, 16, 'x')
        } catch (error) {
          expect((error as TarsierError).code).toBe('model-damaged')
          return
        }
        const start = 8 + changed.length
        const sum = [...tensors.values()].reduce((total, { bytes }) => total + bytes, 0)
        expect(sum).toBe(16)
        for (const { position, bytes } of tensors.values()) {
          expect(position).toBeGreaterThanOrEqual(start)
          expect(position + bytes).toBeLessThanOrEqual(start + 16)
        }
      }),
      mutations(5000),
    )
  })
})

describe('readSafetensorsHeader', () => {
  const whole = () =>
    Buffer.from(
      safetensorsBytes(
        new Map([
          ['first', { dtype: 'F32', shape: [2, 2], bytes: new Uint8Array(16) }],
          ['zweite', { dtype: 'BF16', shape: [3], bytes: new Uint8Array(6) }],
        ]),
      ),
    )

  async function reading(folder: ScratchFolder, bytes: Uint8Array): Promise<string | null> {
    const file = await open(await folder.write('x.safetensors', bytes))
    try {
      await readSafetensorsHeader(file, 'x.safetensors')
      return null
    } catch (error) {
      expect((error as TarsierError).code).toBe('model-damaged')
      return (error as Error).message
    } finally {
      await file.close()
    }
  }

  it('rejects a file truncated at any byte', async () => {
    await using folder = await ScratchFolder.make()
    const bytes = whole()
    for (let length = 0; length < bytes.length; length++)
      expect(await reading(folder, bytes.subarray(0, length)), `${length}`).not.toBeNull()
    expect(await reading(folder, bytes)).toBeNull()
    expect(await reading(folder, Buffer.concat([bytes, Buffer.of(0)]))).not.toBeNull()
  })

  it.each<[string, bigint, RegExp]>([
    ['nothing', 0n, /does not start/],
    ['one byte more than there is', 3n, /truncated/],
    ['more than the format allows', BigInt(MAX_HEADER_BYTES) + 1n, /more than the format allows/],
    ['2^53 + 1', 2n ** 53n + 1n, /more than the format allows/],
    ['2^64 - 1', 2n ** 64n - 1n, /more than the format allows/],
  ])('rejects a header that claims %s', async (_, claimed, message) => {
    await using folder = await ScratchFolder.make()
    expect(await reading(folder, withHeader('{}', new Uint8Array(0), claimed))).toMatch(message)
  })

  it('needs little more memory for a bad header than its size', async () => {
    await using folder = await ScratchFolder.make()
    const header = `{"a":[${'[],'.repeat(30_000_000)}[]]}`
    const path = await folder.write('bomb.safetensors', withHeader(header, new Uint8Array(0)))
    const file = await open(path)
    try {
      const before = process.memoryUsage.rss()
      await expect(readSafetensorsHeader(file, 'x')).rejects.toMatchObject({ code: 'model-damaged' })
      expect(process.memoryUsage.rss() - before).toBeLessThan(header.length + 64_000_000)
    } finally {
      await file.close()
    }
  })
})
