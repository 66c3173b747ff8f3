import { describe, expect, it } from 'vitest'
import { convertPiece, quantizeQ8 } from '../../../../src/engine/formats/gguf/gguf-tensor-data.ts'

const block = (first: readonly number[]) => Float32Array.from({ length: 32 }, (_, i) => first[i] ?? 0)
const steps = (bytes: Uint8Array) => [...new Int8Array(bytes.buffer, bytes.byteOffset + 2, 32)]

describe('quantizeQ8', () => {
  it('rounds halves away from zero', () => {
    // The scale is 1, so numbers equal their steps.
    const bytes = quantizeQ8(block([127, 0.5, -0.5, 1.5, -1.5, 2.4999, -127]), 't')
    expect([bytes[0], bytes[1]]).toEqual([0x00, 0x3c])
    expect(steps(bytes).slice(0, 8)).toEqual([127, 1, -1, 2, -2, 2, -127, 0])
  })

  it('writes zeros for zeros', () => {
    expect([...quantizeQ8(block([]), 't')]).toEqual(Array(34).fill(0))
  })

  it('has a scale per block', () => {
    const bytes = quantizeQ8(
      Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? 127 : 254)),
      't',
    )
    expect(bytes).toHaveLength(68)
    expect([bytes[1], bytes[35]]).toEqual([0x3c, 0x40])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e9])('rejects %d, whose scale exceeds half precision', (value) => {
    expect(() => quantizeQ8(block([1, value, 2]), 'blk.0.ffn_up.weight')).toThrow(/blk\.0\.ffn_up\.weight.*language precision f32/)
  })

  it('rejects numbers beyond f16, and keeps them in f32', () => {
    const bytes = new Uint8Array(Float32Array.of(1, 70000).buffer)
    expect(() => convertPiece(bytes, 'F32', 'F16', 't')).toThrow(/too large for f16/)
    expect(convertPiece(bytes, 'F32', 'F32', 't')).toEqual(bytes)
  })
})
