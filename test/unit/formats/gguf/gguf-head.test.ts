import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GgufHead, readGgufHead } from '../../../../src/engine/formats/gguf/gguf-head.ts'
import { type ByteSource, GgufError, GgufReader } from '../../../../src/engine/formats/gguf/gguf-reader.ts'
import { ggufValueTypes } from '../../../../src/engine/formats/gguf/gguf-types.ts'
import { type MadeGguf, makeGguf, u64, value } from '../../../helpers/gguf-file.ts'
import { mutations } from '../../../helpers/mutations.ts'

function read(bytes: Uint8Array, keep?: ReadonlySet<string>): Promise<GgufHead> {
  const source: ByteSource = {
    async read(into, offset, length, position) {
      into.set(bytes.subarray(position, position + length), offset)
      return { bytesRead: Math.max(0, Math.min(length, bytes.length - position)) }
    },
  }
  return readGgufHead(new GgufReader(source, bytes.byteLength), keep)
}

/** The error message, or null for a valid file. */
const errorOf = (bytes: Uint8Array) =>
  read(bytes).then(
    () => null,
    (error: unknown) => {
      if (error instanceof GgufError) return error.message
      throw error
    },
  )

const keys = [
  ['general.architecture', value.text('qwen2vl')],
  ['a.count', value.u32(7)],
  ['a.negative', value.i32(-7)],
  ['a.big', value.u64(2n ** 60n)],
  ['a.float', value.f32(0.5)],
  ['a.yes', value.bool(true)],
  ['a.texts', value.texts(['one', '', 'dreißig'])],
  ['a.numbers', value.i32s([1, -2, 3])],
] as const
const tensors = [
  { name: 'first', shape: [3, 5] },
  { name: 'second', shape: [32] },
  { name: 'third', shape: [2, 2, 2, 2] },
]
const good: MadeGguf = { keys, tensors }

describe('readGgufHead', () => {
  it('returns values by key, and tensors by name with their place in the file', async () => {
    const bytes = makeGguf(good)
    const { values, tensors: found } = await read(bytes, new Set(['a.texts']))
    expect(Object.fromEntries(values)).toEqual({
      'general.architecture': 'qwen2vl',
      'a.count': 7,
      'a.negative': -7,
      'a.big': 2n ** 60n,
      'a.float': 0.5,
      'a.yes': true,
      'a.texts': { element: 8, count: 3, texts: ['one', '', 'dreißig'] },
      'a.numbers': { element: 5, count: 3, numbers: [1, -2, 3] },
    })
    const start = bytes.length - 64 - 128 - 64
    expect([...found]).toEqual([
      ['first', { type: 0, shape: [3, 5], position: start, bytes: 60 }],
      ['second', { type: 0, shape: [32], position: start + 64, bytes: 128 }],
      ['third', { type: 0, shape: [2, 2, 2, 2], position: start + 192, bytes: 64 }],
    ])
    expect((await read(bytes)).values.get('a.texts')).toEqual({ element: 8, count: 3 })
  })

  it('accepts an alignment other than 32', async () => {
    const bytes = makeGguf({ keys: [['general.alignment', value.u32(8)]], tensors, alignment: 8 })
    expect([...(await read(bytes)).tensors.values()].map(({ position }) => bytes.length - position)).toEqual([256, 192, 64])
  })

  const HUGE = 2n ** 63n - 1n
  it.each<[string, MadeGguf, RegExp]>([
    ['another magic', { magic: 'FUGG' }, /not a GGUF/],
    ['version 0', { version: 0 }, /version 0/],
    ['version 1', { version: 1 }, /version 1/],
    ['a future version', { version: 4 }, /version 4/],
    ['big-endian byte order', { version: 3 << 24 }, /version/],
    ['a negative number of tensors', { tensorCount: -1 }, /number of tensors/],
    ['more tensors than the file could describe', { tensorCount: 60_000 }, /number of tensors is 60000/],
    ['a negative number of keys', { keyCount: -1 }, /number of keys/],
    ['more keys than the file could hold', { keyCount: 60_000 }, /number of keys is 60000/],
    ['a number past 2^53', { keyCount: 2n ** 53n }, /number of keys/],
    ['a missing key', { ...good, keyCount: keys.length + 1 }, /./],
    ['an empty key', { keys: [['', value.u32(1)]] }, /a key is empty/],
    ['a repeated key', { keys: [['a', value.u32(1)], ['a', value.bool(true)]] }, /the key a occurs twice/], // biome-ignore format: one line a case
    ['a key that is not UTF-8', { keys: [[Uint8Array.of(0x61, 0xff), value.u32(1)]] }, /a key is not UTF-8/],
    ['a value of an unknown type', { keys: [['a', value.raw(13, Buffer.alloc(8))]] }, /a has a value of type 13/],
    ['a text that is not UTF-8', { keys: [['a', value.text(Uint8Array.of(0xc0, 0x80))]] }, /a is not UTF-8/],
    ['a text past the end', { keys: [['a', value.raw(ggufValueTypes.string, u64(1 << 20))]] }, /truncated/],
    ['a text of 2^60 bytes', { keys: [['a', value.raw(ggufValueTypes.string, u64(2n ** 60n))]] }, /the length of a is/],
    ['a list of lists', { keys: [['a', value.list(ggufValueTypes.array, 1, Buffer.alloc(64))]] }, /a is an array of type 9/],
    ['a list of an unknown type', { keys: [['a', value.list(99, 1, Buffer.alloc(64))]] }, /a is an array of type 99/],
    ['a list past the end', { keys: [['a', value.list(ggufValueTypes.u8, 1000)]] }, /beyond the end/],
    ['a list whose bytes overflow', { keys: [['a', value.list(ggufValueTypes.u64, 2n ** 61n + 1n)]] }, /the length of a is/],
    ['a list of texts past the end', { keys: [['a', value.list(ggufValueTypes.string, 8, u64(2000))]] }, /beyond the end|truncated/],
    ['an alignment of 0', { keys: [['general.alignment', value.u32(0)]], tensors }, /its alignment is 0/],
    ['an alignment of 13', { keys: [['general.alignment', value.u32(13)]], tensors }, /its alignment is 13/],
    ['an alignment of 2^30', { keys: [['general.alignment', value.u32(1 << 30)]], tensors }, /its alignment is/],
    ['an alignment of another type', { keys: [['general.alignment', value.i32(32)]], tensors }, /its alignment is 32/],
    ['a name of 64 bytes', { tensors: [{ name: 'n'.repeat(64) }] }, /64 bytes long/],
    ['a tensor without a name', { tensors: [{ name: '' }] }, /invalid name/],
    ['a name with a null byte', { tensors: [{ name: 'a\0b' }] }, /invalid name/],
    ['a name that is not UTF-8', { tensors: [{ name: Uint8Array.of(0xe2, 0x28) }] }, /not UTF-8/],
    ['a repeated tensor', { tensors: [{ name: 'a' }, { name: 'a' }] }, /the tensor a occurs twice/],
    ['five dimensions', { tensors: [{ name: 'a', shape: [1, 1, 1, 1, 1] }] }, /a has 5 dimensions/],
    ['no dimension', { tensors: [{ name: 'a', shape: [] }] }, /a has 0 dimensions/],
    ['a negative dimension', { tensors: [{ name: 'a', shape: [-1n] }] }, /a dimension of a is/],
    ['a dimension of zero', { tensors: [{ name: 'a', shape: [4, 0] }] }, /invalid shape/],
    ['an overflowing product of dimensions', { tensors: [{ name: 'a', shape: [4194305, 4194305, 211106198978564n] }] }, /invalid shape/],
    ['elements just past 2^53', { tensors: [{ name: 'a', shape: [2n ** 27n, 2n ** 26n] }] }, /invalid shape/],
    ['bytes past 2^53', { tensors: [{ name: 'a', shape: [2n ** 52n] }] }, /invalid size/],
    ['a total size that overflows', { tensors: [{ name: 'a', shape: [2n ** 50n], type: 24 }, { name: 'b', offset: 2n ** 50n }] }, /truncated/], // biome-ignore format: one line a case
    ['an unknown type of tensor', { tensors: [{ name: 'a', type: 43 }] }, /unknown type 43/],
    ['a withdrawn type', { tensors: [{ name: 'a', type: 4 }] }, /unknown type 4/],
    ['rows that are not a whole number of blocks', { tensors: [{ name: 'a', shape: [33], type: 8 }] }, /not a multiple of the block size/],
    ['an offset beyond the number range', { tensors: [{ name: 'a', offset: HUGE }] }, /the offset of a is/],
    ['an offset past the end', { tensors: [{ name: 'a', offset: 1 << 20 }] }, /does not start where/],
    ['tensors that overlap', { tensors: [{ name: 'a', shape: [64] }, { name: 'b', offset: 32 }] }, /b does not start where/], // biome-ignore format: one line a case
    ['two tensors at one place', { tensors: [{ name: 'a' }, { name: 'b', offset: 0 }] }, /b does not start where/],
    ['a hole between tensors', { tensors: [{ name: 'a' }, { name: 'b', offset: 64 }], data: 1024 }, /b does not start where/],
    ['an offset off the alignment', { tensors: [{ name: 'a' }, { name: 'b', offset: 16 }] }, /b does not start where/],
    ['data that ends one byte early', { tensors: [{ name: 'a' }], data: 15 }, /truncated/],
  ])('rejects %s', async (_, made, message) => {
    expect(await errorOf(makeGguf(made))).toMatch(message)
  })

  it('rejects a file truncated at any byte', async () => {
    const bytes = makeGguf(good)
    for (let length = 0; length < bytes.length; length++) expect(await errorOf(bytes.subarray(0, length)), `${length}`).not.toBeNull()
    expect(await errorOf(bytes)).toBeNull()
  })

  it('reads or rejects any changed bytes without reading past the end', async () => {
    const bytes = makeGguf(good)
    const head = bytes.length - 256
    const change = fc.record({ at: fc.nat(head - 1), to: fc.uint8Array({ minLength: 1, maxLength: 8 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const changed = Buffer.from(bytes)
        for (const { at, to } of changes) changed.set(to.subarray(0, changed.length - at), at)
        const found = await read(changed).catch((error: unknown) => {
          if (error instanceof GgufError) return null
          throw error
        })
        let end = 0
        for (const { position, bytes: length } of found?.tensors.values() ?? []) {
          expect(position).toBeGreaterThanOrEqual(end)
          end = position + length
          expect(end).toBeLessThanOrEqual(changed.length)
        }
      }),
      mutations(2000),
    )
  })

  it('reads or rejects random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (rest) => {
        const bytes = Buffer.concat([Buffer.from('GGUF\x03\0\0\0', 'latin1'), rest])
        await errorOf(bytes)
      }),
      mutations(500),
    )
  })
})
