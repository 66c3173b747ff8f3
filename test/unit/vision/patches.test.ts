import { expect, test } from 'vitest'
import { fillPatches, mergedOrder, normalisationTable, patchFloats } from '../../../src/engine/vision/patches.ts'
import { rotaryTables } from '../../../src/engine/vision/rotary.ts'

test('orders patches by cell, and within a cell row by row', () => {
  expect([...mergedOrder(2, 4, 2)]).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
  ])
})

test('a patch has channel, row, column order; the target is written from its offset', () => {
  // 4 by 2 pixels, patches of 1, cells of 2; every byte is its place in the picture.
  const rgb = Uint8Array.from({ length: 24 }, (_, i) => i)
  const identity = Float32Array.from({ length: 768 }, (_, i) => i % 256)
  const target = new Float32Array(1 + patchFloats(4, 2)).fill(-1)
  fillPatches([{ width: 4, height: 2, rgb }], { patchSize: 1, mergeSize: 2 }, identity, target, 1)
  expect([...target]).toEqual([-1, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23])
  fillPatches([{ width: 4, height: 2, rgb }], { patchSize: 2, mergeSize: 1 }, identity, target, 0)
  expect([...target.subarray(0, 12)]).toEqual([0, 3, 12, 15, 1, 4, 13, 16, 2, 5, 14, 17])
})

test('a patch of several frames has one after the other', () => {
  const [first, second] = [0, 100].map((from) => ({ width: 2, height: 2, rgb: Uint8Array.from({ length: 12 }, (_, i) => from + i) }))
  const target = new Float32Array(2 * patchFloats(2, 2))
  const identity = Float32Array.from({ length: 768 }, (_, i) => i % 256)
  if (first && second) fillPatches([first, second], { patchSize: 1, mergeSize: 2 }, identity, target, 0)
  expect([...target.subarray(0, 12)]).toEqual([0, 1, 2, 100, 101, 102, 3, 4, 5, 103, 104, 105])
})

test('normalizes bytes in 32 bits per channel', () => {
  const table = normalisationTable([0.5, 0.25, 0], [0.5, 0.25, 2])
  expect(table[0]).toBe(-1)
  expect(table[255]).toBe(1)
  expect(table[256 + 255]).toBe(3)
  expect(table[512 + 51]).toBe(Math.fround(Math.fround(0.2) / 2))
})

test('rotary angles: the first quarter of a head follows the row, the second the column', () => {
  const { cos, sin } = rotaryTables(2, 4, 2, 8)
  // Sixth patch in merged order: row 0, column 3. Frequencies of a head of 8: 1 and 10000^(-1/2).
  const at = 5 * 4
  expect([...cos.subarray(at, at + 4)]).toEqual([1, 1, Math.cos(3), Math.cos(0.03)].map((value) => expect.closeTo(value, 6)))
  expect([...sin.subarray(at, at + 4)]).toEqual([0, 0, Math.sin(3), Math.sin(0.03)].map((value) => expect.closeTo(value, 6)))
  expect(cos.length).toBe(8 * 4)
})
