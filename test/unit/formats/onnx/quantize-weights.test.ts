import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_4, quantizeBlocks, quantizeRows } from '../../../../src/engine/formats/onnx/quantize-weights.ts'

/** Subnormal numbers have coarse steps. */
const TINY = 2 ** -126

const matrices = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 80 })).chain(([rows, columns]) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    values: fc.float32Array({ minLength: rows * columns, maxLength: rows * columns, min: -100, max: 100, noNaN: true }),
  }),
)

describe('eight bits', () => {
  it('are within half a step of every value, transposed', () => {
    fc.assert(
      fc.property(matrices, ({ values, rows, columns }) => {
        const { weights, scales } = quantizeRows(values, rows, columns, 'm')
        for (const [at, value] of values.entries()) {
          const [row, column] = [Math.floor(at / columns), at % columns]
          const [step = 0, stored = 0] = [scales[row], weights[column * rows + row]]
          expect(Math.abs(stored * step - value)).toBeLessThanOrEqual(step * 0.5001 + TINY)
        }
      }),
    )
  })

  it('reject NaN', () => {
    expect(() => quantizeRows(Float32Array.of(1, Number.NaN), 1, 2, 'm')).toThrow(expect.objectContaining({ code: 'model-damaged' }))
    expect(() => quantizeBlocks(Float32Array.of(1, -Infinity), 1, 2, 'm')).toThrow(expect.objectContaining({ code: 'model-damaged' }))
  })
})

describe('four bits', () => {
  it('are within a step of every value, block by block, two per byte', () => {
    fc.assert(
      fc.property(matrices, ({ values, rows, columns }) => {
        const { weights, scales, zeroPoints } = quantizeBlocks(values, rows, columns, 'm')
        const blocks = Math.ceil(columns / BLOCK_4)
        expect(weights).toHaveLength((rows * blocks * BLOCK_4) / 2)
        const nibble = (bytes: Uint8Array, at: number) => ((bytes[at >> 1] ?? 0) >> (at % 2 === 0 ? 0 : 4)) & 15
        for (const [at, value] of values.entries()) {
          const [row, column] = [Math.floor(at / columns), at % columns]
          const block = Math.floor(column / BLOCK_4)
          const step = scales[row * blocks + block] ?? 0
          const zero = nibble(zeroPoints.subarray(row * Math.ceil(blocks / 2)), block)
          const stored = nibble(weights, row * blocks * BLOCK_4 + column)
          expect(Math.abs((stored - zero) * step - value)).toBeLessThanOrEqual(step * 1.0001 + TINY)
        }
      }),
    )
  })
})
