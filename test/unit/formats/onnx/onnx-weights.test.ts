import { describe, expect, test } from 'vitest'
import { floatBitsToHalf, halfToFloat } from '../../../../src/engine/formats/float-formats.ts'
import { convertBytes, floatsToBytes } from '../../../../src/engine/formats/onnx/onnx-weights.ts'

const bitsOf = (value: number) => new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0
const toHalf = (value: number) => floatBitsToHalf(bitsOf(value))

describe('half precision', () => {
  test('every finite half survives a round trip', () => {
    const changed: number[] = []
    for (let half = 0; half < 0x10000; half++) {
      if ((half & 0x7c00) !== 0x7c00 && toHalf(halfToFloat(half)) !== half) changed.push(half)
    }
    expect(changed).toEqual([])
  })

  test('rounds to the nearest, ties to even, in the normal and the subnormal range', () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00)
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02)
    expect(toHalf(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01)
    expect(toHalf(2 ** -25)).toBe(0)
    expect(toHalf(3 * 2 ** -25)).toBe(2)
    expect(toHalf(-(2 ** -14 - 2 ** -26))).toBe(0x8400)
    expect(toHalf(65519)).toBe(0x7bff)
    expect(toHalf(65520)).toBe(0x7c00)
    expect(toHalf(Number.NaN)).toBe(0x7e00)
  })
})

describe('conversion of weights', () => {
  test('bfloat16 to 32 bits is exact', () => {
    const bytes = new Uint8Array(Uint16Array.of(0x3f80, 0xc0a0, 0x0001).buffer)
    expect([...new Float32Array(convertBytes(bytes, 'BF16', 'f32', 'w').slice().buffer)]).toEqual([1, -5, 2 ** -133])
  })

  test('reads bytes at an odd offset', () => {
    const shifted = new Uint8Array(9)
    shifted.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1)
    expect([...new Uint16Array(convertBytes(shifted.subarray(1), 'F32', 'f16', 'w').slice().buffer)]).toEqual([0x3e00, 0xc000])
  })

  test('rejects numbers beyond half precision and names the alternative', () => {
    expect(() => floatsToBytes(Float32Array.of(1, 70000), 'f16', 'blocks.0')).toThrow(/"blocks\.0".*vision precision f32/)
  })
})
