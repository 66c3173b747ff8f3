import { expect, test } from 'vitest'
import { PAGE_ROWS, pagesOf, rowAt, type SparsePages, withPage } from '../../../../src/renderer/lib/sparse-pages.ts'

const page = (number: number) => Array.from({ length: PAGE_ROWS }, (_, i) => number * PAGE_ROWS + i)

test('knows the rows of its pages and no others', () => {
  const pages = withPage(withPage<number>(new Map(), 0, page(0)), 7, page(7))
  expect(rowAt(pages, 3)).toBe(3)
  expect(rowAt(pages, 7 * PAGE_ROWS + 42)).toBe(742)
  expect(rowAt(pages, PAGE_ROWS)).toBeUndefined()
})

test('asks for the pages that rows touch', () => {
  expect(pagesOf(0, 12)).toEqual([0])
  expect(pagesOf(95, 210)).toEqual([0, 1, 2])
})

test('holds a few pages of a list of any length, the latest ones', () => {
  let pages: SparsePages<number> = new Map()
  for (let number = 0; number < 500; number++) pages = withPage(pages, number, page(number))
  expect(pages.size).toBe(20)
  expect(rowAt(pages, 499 * PAGE_ROWS)).toBe(49_900)
  expect(rowAt(pages, 0)).toBeUndefined()
})
