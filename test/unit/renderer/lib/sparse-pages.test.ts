import { expect, test } from 'vitest'
import { PAGE_ROWS, pagesOf, rowAt, type SparsePages, withPage, withRow } from '../../../../src/renderer/lib/sparse-pages.ts'

const page = (number: number) => Array.from({ length: PAGE_ROWS }, (_, i) => number * PAGE_ROWS + i)

test('contains exactly the rows of its pages', () => {
  const pages = withPage(withPage<number>(new Map(), 0, page(0)), 7, page(7))
  expect(rowAt(pages, 3)).toBe(3)
  expect(rowAt(pages, 7 * PAGE_ROWS + 42)).toBe(742)
  expect(rowAt(pages, PAGE_ROWS)).toBeUndefined()
})

test('requests the pages of the visible rows', () => {
  expect(pagesOf(0, 12)).toEqual([0])
  expect(pagesOf(95, 210)).toEqual([0, 1, 2])
})

test('keeps only the most recent pages', () => {
  let pages: SparsePages<number> = new Map()
  for (let number = 0; number < 500; number++) pages = withPage(pages, number, page(number))
  expect(pages.size).toBe(20)
  expect(rowAt(pages, 499 * PAGE_ROWS)).toBe(49_900)
  expect(rowAt(pages, 0)).toBeUndefined()
})

test('changes a row in any page, and reports rows that it does not contain', () => {
  const row = (id: string, state: string) => ({ id, state })
  const pages = withPage(withPage(new Map(), 4, [row('a', 'new'), row('b', 'new')]), 2, [row('c', 'new')])
  const changed = withRow(pages, row('b', 'old'))
  expect(changed && [...changed]).toEqual([
    [4, [row('a', 'new'), row('b', 'old')]],
    [2, [row('c', 'new')]],
  ])
  expect(withRow(pages, row('d', 'old'))).toBeNull()
})
