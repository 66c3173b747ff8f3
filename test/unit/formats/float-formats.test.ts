import { describe, expect, it } from 'vitest'
import { floatToHalf, halfToFloat, Scratch, toFloats, toHalves } from '../../../src/engine/formats/float-formats.ts'

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000], // half of the smallest: to even
    [1.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00], // a tie: to even, down
    [1 + 3 * 2 ** -11, 0x3c02], // a tie: to even, up
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2 ** -14 - 2 ** -26, 0x0400], // rounds up out of the subnormals
  ])('of %d is %#', (value, half) => {
    expect(floatToHalf(value)).toBe(half)
  })

  it('survives a conversion to float and back for any bits', () => {
    for (let half = 0; half < 0x10000; half++) {
      const value = halfToFloat(half)
      if (Number.isNaN(value)) expect(floatToHalf(value) & 0x7fff).toBeGreaterThan(0x7c00)
      else expect(floatToHalf(value)).toBe(half)
    }
  })
})

describe('stored numbers', () => {
  it('are read at any offset in memory', () => {
    const bytes = new Uint8Array([0xff, 0x80, 0x3f, 0x00, 0xc0]).subarray(1)
    expect([...toFloats(bytes, 'BF16')]).toEqual([1, -2])
    expect(toHalves(bytes, 'BF16')).toEqual(Uint16Array.of(0x3c00, 0xc000))
    expect([...toFloats(new Uint8Array([0xff, 0x00, 0x3c]).subarray(1), 'F16')]).toEqual([1])
  })
})

describe('toHalves', () => {
  it.each<[string, Uint8Array, 'F32' | 'BF16' | 'F16']>([
    ['too large a number', new Uint8Array(Float32Array.of(1, 65520, 2).buffer), 'F32'],
    ['infinity in bf16', new Uint8Array([0x80, 0x3f, 0x80, 0x7f]), 'BF16'],
    ['minus infinity in f16', new Uint8Array([0x00, 0x3c, 0x00, 0xfc]), 'F16'],
    ['NaN', new Uint8Array(Float32Array.of(Number.NaN).buffer), 'F32'],
  ])('rejects %s', (_, bytes, dtype) => {
    expect(toHalves(bytes, dtype)).toBeNull()
  })

  it('converts the largest and the smallest number', () => {
    const values = Float32Array.of(65504, -65504, 65519, 2 ** -24, -0)
    expect(toHalves(new Uint8Array(values.buffer), 'F32')).toEqual(Uint16Array.of(0x7bff, 0xfbff, 0x7bff, 1, 0x8000))
  })

  it('reuses given memory', () => {
    const memory = new Scratch()
    const first = toHalves(new Uint8Array([0x80, 0x3f, 0x80, 0x3f]), 'BF16', memory)
    const second = toHalves(new Uint8Array([0x00, 0xc0]), 'BF16', memory)
    expect(second).toEqual(Uint16Array.of(0xc000))
    expect(first?.buffer).toBe(second?.buffer)
  })
})
