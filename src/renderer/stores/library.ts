import { create } from 'zustand'
import type { Filters, Hit, Search } from '../../shared/contract/library.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { PAGE_ROWS, pagesOf, type SparsePages, withPage } from '../lib/sparse-pages.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

export type Query = Pick<Search, 'text' | 'model' | 'folder' | 'kind' | 'from' | 'to'>

interface LibraryState {
  readonly query: Query
  readonly total: number
  readonly pages: SparsePages<Hit>
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly filters: Filters
  readonly chosen: ReadonlySet<string>
  readonly search: (query: Query) => Promise<void>
  /** Tells which rows are to be seen. */
  readonly need: (first: number, last: number) => void
  readonly loadFilters: () => Promise<void>
  readonly choose: (chat: string, chosen: boolean) => void
  readonly chooseNone: () => void
  readonly remove: () => Promise<void>
}

const latest = new Latest()
let asked = new Set<number>()

export const useLibrary = create<LibraryState>((set, get) => ({
  query: { text: '' },
  total: 0,
  pages: new Map(),
  loading: false,
  problem: null,
  filters: { models: [], folders: [] },
  chosen: new Set(),
  search: async (query) => {
    const signal = latest.begin()
    asked = new Set([0])
    set({ query, loading: true, problem: null })
    try {
      const { items, total } = await page(query, 0, signal)
      if (signal.aborted) return
      asked.delete(0)
      set({ pages: withPage(new Map(), 0, items), total, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem, loading: false })
    }
  },
  need: (first, last) => {
    const { query, total, pages, loading } = get()
    const { signal } = latest
    if (loading || total === 0) return
    for (const number of pagesOf(first, last)) {
      if (pages.has(number) || asked.has(number)) continue
      asked.add(number)
      page(query, number, signal).then(
        ({ items, total }) => {
          if (signal.aborted) return
          asked.delete(number)
          set({ pages: withPage(get().pages, number, items), total })
        },
        (error: unknown) => {
          const problem = problemOf(error)
          if (problem && !signal.aborted) set({ problem })
        },
      )
    }
  },
  loadFilters: async () => set({ filters: await service.library.filters() }),
  choose: (chat, yes) => {
    const chosen = new Set(get().chosen)
    if (yes) chosen.add(chat)
    else chosen.delete(chat)
    set({ chosen })
  },
  chooseNone: () => set({ chosen: new Set() }),
  remove: async () => {
    await service.library.remove({ chats: [...get().chosen] })
    set({ chosen: new Set() })
    await get().search(get().query)
  },
}))

function page(query: Query, number: number, signal: AbortSignal) {
  return service.library.search({ ...query, offset: number * PAGE_ROWS, limit: PAGE_ROWS }, { signal })
}
