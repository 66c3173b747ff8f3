import { create } from 'zustand'
import type { Change, SampleRow, SampleState, SamplesQuery } from '../../shared/contract/bench.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { PageLoader } from '../lib/page-loader.ts'
import { PAGE_ROWS, type SparsePages, withPage } from '../lib/sparse-pages.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Which samples are listed, and in which order. */
interface ListFilters {
  /** Null for all; also for `state` and `change`. */
  readonly dataset: string | null
  readonly text: string
  readonly state: SampleState | null
  readonly change: Change | null
  readonly order: SamplesQuery['order']
}

/** Query for the samples of one run, or of two runs compared. */
export interface ListQuery extends ListFilters {
  readonly run: string
  readonly other: string | null
}

const allSamples: ListFilters = { dataset: null, text: '', state: null, change: null, order: 'run' }

/** A row of the list. For a single run, `second` and `change` are null. */
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
  /** Number of samples per kind of change when two runs are compared. */
  readonly counts: Readonly<Record<Change, number>> | null
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly ask: (query: ListQuery) => Promise<void>
  /** Lists the samples of a run, alone or compared with another one, with the filters that its list had last. */
  readonly list: (run: string, other: string | null) => Promise<void>
  /** Repeats the query and keeps the scroll position. */
  readonly again: () => Promise<void>
  /** Reports which rows are visible. */
  readonly need: (first: number, last: number) => void
}

const loader = new PageLoader(page)
/** The last query about each run. */
const last = new Map<string, ListQuery>()

export const useBenchList = create<BenchListState>((set, get) => ({
  query: null,
  total: 0,
  pages: new Map(),
  counts: null,
  loading: false,
  problem: null,
  ask: async (query) => {
    last.set(query.run, query)
    set({ query, loading: true, problem: null })
    try {
      const got = await loader.begin(query)
      if (got) set({ pages: withPage(new Map(), 0, got.items), total: got.total, counts: got.counts, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      if (problem) set({ problem, pages: new Map(), total: 0, counts: null, loading: false })
    }
  },
  list: (run, other) => get().ask({ ...(last.get(run) ?? allSamples), run, other }),
  again: async () => {
    const { query } = get()
    if (query !== null) await get().ask(query)
  },
  need: (first, last) => {
    const { query, pages, loading } = get()
    if (query === null || loading) return
    loader.need(query, pages, [first, last], {
      onPage: (number, { items, total }) => set({ pages: withPage(get().pages, number, items), total }),
      onError: (error) => {
        const problem = problemOf(error)
        if (problem) set({ problem })
      },
    })
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
