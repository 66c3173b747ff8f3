import { expect, test } from 'vitest'
import { CutFinder } from '../../../src/engine/media/cut-finder.ts'

/** Indices of the frames at which shots start, for the differences of frames at a constant rate. */
function cuts(differences: readonly number[], rate = 25): number[] {
  const finder = new CutFinder(8)
  const found = differences.flatMap((difference, index) => finder.add({ index, time: index / rate, difference }))
  return [...found, ...finder.end()].map(({ index }) => index)
}

const still = (count: number) => Array.from({ length: count }, () => 0.1)

test('a difference that stands out is a cut, also near the start and the end', () => {
  expect(cuts([...still(20), 30, ...still(20)])).toEqual([20])
  expect(cuts([0, 30, ...still(20), 9, 0.1])).toEqual([1, 22])
  expect(cuts([...still(20), 7.9, ...still(20)])).toEqual([])
})

test('motion, flashes and motion between repeated frames are no cuts', () => {
  expect(cuts([...still(20), 14, 15, 14, 15, 14, ...still(20)])).toEqual([])
  expect(cuts([...still(20), 40, 40, ...still(20)])).toEqual([])
  expect(cuts([...still(20), 14, 0, 0, 14, 0, 0, 14, ...still(20)])).toEqual([])
})

test('a cut within motion stands out from it', () => {
  expect(cuts([10, 11, 10, 12, 40, 10, 11, 10])).toEqual([4])
})

test('pictures that each stay for a second are shots', () => {
  expect(cuts([0, 30, 31, 30, 33], 1)).toEqual([1, 2, 3, 4])
  expect(cuts([0, 30, 31, 30, 33], 8)).toEqual([])
})
