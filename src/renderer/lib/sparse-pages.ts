/** Rows per request. */
export const PAGE_ROWS = 100
/** Maximum number of pages kept. Least recently used pages are evicted and requested again when they become visible. */
const MAX_PAGES = 20

/** Loaded pages of a long list, by page number, least recently used first. */
export type SparsePages<T> = ReadonlyMap<number, readonly T[]>

export function withPage<T>(pages: SparsePages<T>, page: number, rows: readonly T[]): SparsePages<T> {
  const others = [...pages].filter(([number]) => number !== page)
  return new Map([...others, [page, rows] as const].slice(-MAX_PAGES))
}

export function rowAt<T>(pages: SparsePages<T>, index: number): T | undefined {
  return pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS]
}

/** Replaces a row in the loaded pages. Returns null if no page contains it. */
export function withRow<T extends { readonly id: string }>(pages: SparsePages<T>, row: T): SparsePages<T> | null {
  for (const [page, rows] of pages) {
    const at = rows.findIndex(({ id }) => id === row.id)
    if (at >= 0) return new Map(pages).set(page, rows.with(at, row))
  }
  return null
}

/** Page numbers that cover rows `first` to `last`. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / PAGE_ROWS)
  const to = Math.floor(Math.max(0, last) / PAGE_ROWS)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
