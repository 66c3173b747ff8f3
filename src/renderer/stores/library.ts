import { create } from 'zustand'
import type { Filters, Hit, Search } from '../../shared/contract/library.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { PageLoader } from '../lib/page-loader.ts'
import { PAGE_ROWS, type SparsePages, withPage } from '../lib/sparse-pages.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

export type Query = Pick<Search, 'text' | 'model' | 'folder' | 'kind'> & {
  /** Only entries of the last so many days. */
  readonly days?: number
}

const DAY_MS = 86_400_000
/** Milliseconds without typing after which a typed text is searched. */
const DEBOUNCE_MS = 150

interface LibraryState {
  readonly query: Query
  /** What the search field says; it is searched after a moment. */
  readonly typed: string
  readonly total: number
  readonly pages: SparsePages<Hit>
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly filters: Filters
  /** Ids of conversations, and handles of clips without one. */
  readonly chosen: ReadonlyMap<string, 'chat' | 'clip'>
  readonly search: (query: Query) => Promise<void>
  /** Searches with the same filters for what the field says. */
  readonly again: () => Promise<void>
  readonly type: (text: string) => void
  /** Reports which rows are visible. */
  readonly need: (first: number, last: number) => void
  readonly loadFilters: () => Promise<void>
  readonly choose: (id: string, kind: 'chat' | 'clip', chosen: boolean) => void
  readonly chooseNone: () => void
  readonly remove: () => Promise<void>
}

const loader = new PageLoader(({ days, ...query }: Query, page: number, signal: AbortSignal) => {
  const from = days === undefined ? {} : { from: Date.now() - days * DAY_MS }
  return service.library.search({ ...query, ...from, offset: page * PAGE_ROWS, limit: PAGE_ROWS }, { signal })
})

let timer: ReturnType<typeof setTimeout> | undefined

export const useLibrary = create<LibraryState>((set, get) => ({
  query: { text: '' },
  typed: '',
  total: 0,
  pages: new Map(),
  loading: false,
  problem: null,
  filters: { models: [], folders: [] },
  chosen: new Map(),
  search: async (query) => {
    clearTimeout(timer)
    const before = JSON.stringify(get().query)
    set({ query, typed: query.text, loading: true, problem: null })
    try {
      const got = await loader.begin(query)
      if (got) set({ pages: withPage(new Map(), 0, got.items), total: got.total, loading: false })
    } catch (error) {
      const problem = problemOf(error)
      // Entries of another search stay no longer: pages of this one would be added to them.
      const others = before === JSON.stringify(query) ? {} : { pages: new Map(), total: 0 }
      if (problem) set({ problem, loading: false, ...others })
    }
  },
  again: () => get().search({ ...get().query, text: get().typed }),
  type: (typed) => {
    clearTimeout(timer)
    set({ typed })
    if (typed !== get().query.text) timer = setTimeout(() => void get().again(), DEBOUNCE_MS)
  },
  need: (first, last) => {
    const { query, total, pages, loading } = get()
    if (loading || total === 0) return
    loader.need(query, pages, [first, last], {
      onPage: (number, { items, total }) => set({ pages: withPage(get().pages, number, items), total }),
      onError: (error) => {
        const problem = problemOf(error)
        if (problem) set({ problem })
      },
    })
  },
  loadFilters: async () => set({ filters: await service.library.filters() }),
  choose: (id, kind, yes) => {
    const chosen = new Map(get().chosen)
    if (yes) chosen.set(id, kind)
    else chosen.delete(id)
    set({ chosen })
  },
  chooseNone: () => set({ chosen: new Map() }),
  remove: async () => {
    await service.library.remove(chosenOf(get().chosen))
    set({ chosen: new Map() })
    await get().again()
  },
}))

/** The chosen entries as the service takes them. */
export function chosenOf(chosen: LibraryState['chosen']): { readonly chats: string[]; readonly clips: string[] } {
  const all = [...chosen]
  const those = (kind: 'chat' | 'clip') => all.filter((entry) => entry[1] === kind).map(([id]) => id)
  return { chats: those('chat'), clips: those('clip') }
}
