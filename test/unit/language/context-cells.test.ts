import { describe, expect, it } from 'vitest'
import { ContextCells } from '../../../src/engine/language/context-cells.ts'

/** Four tokens, two frames of six rows (3 by 2), two tokens. */
function filledCells(): ContextCells {
  const cells = new ContextCells(100)
  cells.addTokens(4)
  cells.addRows(new Int32Array(6).fill(4), 7)
  cells.addRows(new Int32Array(6).fill(5), 7)
  cells.addTokens(2)
  return cells
}

describe('ContextCells', () => {
  it('counts cells and positions', () => {
    expect(filledCells().mark).toEqual({ cells: 18, position: 9 })
    expect([...filledCells().times]).toEqual([0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 7, 8])
  })

  it.each([
    [{ cells: 17, position: 8 }, 8],
    [{ cells: 16, position: 7 }, 7],
    [{ cells: 10, position: 7 }, 5],
    [{ cells: 4, position: 4 }, 4],
    [{ cells: 0, position: 0 }, 0],
  ])('rewinds to %j by removing positions from %i on', (mark, first) => {
    const cells = filledCells()
    expect(cells.rewind(mark)).toBe(first)
    expect(cells.mark).toEqual(mark)
  })

  it('rejects a mark ahead or within a frame', () => {
    expect(() => filledCells().rewind({ cells: 19, position: 10 })).toThrow(RangeError)
    expect(() => filledCells().rewind({ cells: 7, position: 4 })).toThrow('within a frame')
  })

  it('reports numbers when cells do not fit', () => {
    expect(() => filledCells().reserve(82)).not.toThrow()
    expect(() => filledCells().reserve(83)).toThrow(
      expect.objectContaining({ code: 'context-full', details: { wanted: 83, used: 18, capacity: 100 } }),
    )
  })
})
