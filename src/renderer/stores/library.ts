import { create } from 'zustand'
import type { Filters, Hit, Search } from '../../shared/contract/library.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

export type Query = Pick<Search, 'text' | 'model' | 'folder' | 'kind' | 'from' | 'to'>

interface LibraryState {
  readonly query: Query
  readonly hits: readonly Hit[]
  readonly total: number
  readonly cursor: string | null
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly filters: Filters
  readonly chosen: ReadonlySet<string>
  readonly search: (query: Query) => Promise<void>
  readonly more: () => Promise<void>
  readonly loadFilters: () => Promise<void>
  readonly choose: (chat: string, chosen: boolean) => void
  readonly chooseNone: () => void
  readonly remove: () => Promise<void>
}

const PAGE = 60
const latest = new Latest()

export const useLibrary = create<LibraryState>((set, get) => ({
  query: { text: '' },
  hits: [],
  total: 0,
  cursor: null,
  loading: false,
  problem: null,
  filters: { models: [], folders: [] },
  chosen: new Set(),
  search: async (query) => {
    const signal = latest.begin()
    set({ query, loading: true, problem: null })
    try {
      const { items, total, cursor } = await service.library.search({ ...query, limit: PAGE }, { signal })
      if (!signal.aborted) set({ hits: items, total, cursor, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem, loading: false })
    }
  },
  more: async () => {
    const { query, cursor, loading } = get()
    if (cursor === null || loading) return
    const { signal } = latest
    set({ loading: true })
    try {
      const page = await service.library.search({ ...query, cursor, limit: PAGE }, { signal })
      if (!signal.aborted) set({ hits: [...get().hits, ...page.items], cursor: page.cursor, total: page.total, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem, loading: false })
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
