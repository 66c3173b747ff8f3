/** Rows of one request. */
export const PAGE_ROWS = 100
/** Pages that are kept; those that were needed longest ago go, and are asked for anew when they are to be seen. */
const MAX_PAGES = 20

/** Parts of a list too long to be held whole, by the number of the page. The page needed last stands last. */
export type SparsePages<T> = ReadonlyMap<number, readonly T[]>

export function withPage<T>(pages: SparsePages<T>, page: number, rows: readonly T[]): SparsePages<T> {
  const others = [...pages].filter(([number]) => number !== page)
  return new Map([...others, [page, rows] as const].slice(-MAX_PAGES))
}

export function rowAt<T>(pages: SparsePages<T>, index: number): T | undefined {
  return pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS]
}

/** With another state of a row that one of the pages holds; null where none does. */
export function withRow<T extends { readonly id: string }>(pages: SparsePages<T>, row: T): SparsePages<T> | null {
  for (const [page, rows] of pages) {
    const at = rows.findIndex(({ id }) => id === row.id)
    if (at >= 0) return new Map(pages).set(page, rows.with(at, row))
  }
  return null
}

/** The pages that hold rows from `first` to `last`. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / PAGE_ROWS)
  const to = Math.floor(Math.max(0, last) / PAGE_ROWS)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
