import { create } from 'zustand'
import type { Change, SampleRow, SampleState, SamplesQuery } from '../../shared/contract/bench.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { PAGE_ROWS, pagesOf, type SparsePages, withPage } from '../lib/sparse-pages.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** What is listed: the samples of a run, or those of two beside each other. */
export interface ListQuery {
  readonly run: string
  readonly other: string | null
  /** Null for all; so are `state` and `change`. */
  readonly dataset: string | null
  readonly text: string
  readonly state: SampleState | null
  readonly change: Change | null
  readonly order: SamplesQuery['order']
}

/** A row of the list; alone, `second` and `change` are null. */
export interface ListRow {
  readonly key: string
  readonly dataset: string
  readonly first: SampleRow | null
  readonly second: SampleRow | null
  readonly change: Change | null
}

interface BenchListState {
  readonly query: ListQuery | null
  readonly total: number
  readonly pages: SparsePages<ListRow>
  /** Of two runs, how many samples are better, worse and so on. */
  readonly counts: Readonly<Record<Change, number>> | null
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly ask: (query: ListQuery) => Promise<void>
  /** Asks the same again; the place in the list stays. */
  readonly again: () => Promise<void>
  /** Tells which rows are to be seen. */
  readonly need: (first: number, last: number) => void
}

const latest = new Latest()
let asked = new Set<number>()

export const useBenchList = create<BenchListState>((set, get) => ({
  query: null,
  total: 0,
  pages: new Map(),
  counts: null,
  loading: false,
  problem: null,
  ask: async (query) => {
    const signal = latest.begin()
    asked = new Set([0])
    set({ query, loading: true, problem: null })
    try {
      const { items, total, counts } = await page(query, 0, signal)
      if (signal.aborted) return
      asked.delete(0)
      set({ pages: withPage(new Map(), 0, items), total, counts, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem, pages: new Map(), total: 0, counts: null, loading: false })
    }
  },
  again: async () => {
    const { query } = get()
    if (query !== null) await get().ask(query)
  },
  need: (first, last) => {
    const { query, pages, loading } = get()
    const { signal } = latest
    if (query === null || loading) return
    for (const number of pagesOf(first, last)) {
      if (pages.has(number) || asked.has(number)) continue
      asked.add(number)
      page(query, number, signal).then(
        ({ items, total }) => {
          asked.delete(number)
          if (!signal.aborted) set({ pages: withPage(get().pages, number, items), total })
        },
        (error: unknown) => {
          const problem = problemOf(error)
          if (problem && !signal.aborted) set({ problem })
        },
      )
    }
  },
}))

interface Got {
  readonly items: readonly ListRow[]
  readonly total: number
  readonly counts: BenchListState['counts']
}

async function page({ run, other, dataset, text, state, change, order }: ListQuery, number: number, signal: AbortSignal): Promise<Got> {
  const part = { run, text, offset: number * PAGE_ROWS, limit: PAGE_ROWS, ...(dataset !== null && { dataset }) }
  if (other !== null) return service.bench.compare({ ...part, other, ...(change && { change }) }, { signal })
  const { items, total } = await service.bench.samples({ ...part, order, ...(state && { state }) }, { signal })
  return {
    total,
    counts: null,
    items: items.map((row) => ({ key: row.key, dataset: row.dataset, first: row, second: null, change: null })),
  }
}
