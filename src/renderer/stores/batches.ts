import { create } from 'zustand'
import type { BatchEvent, BatchItem, BatchJob, ItemState } from '../../shared/contract/batch.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

interface BatchesState {
  readonly jobs: readonly BatchJob[]
  readonly open: string | null
  /** Of the open batch, by position; holes are not loaded yet. */
  readonly items: readonly BatchItem[]
  readonly filter: ItemState | null
  readonly cursor: string | null
  readonly problem: TarsierError | null
  readonly load: () => Promise<void>
  readonly show: (job: string | null) => Promise<void>
  readonly filterBy: (state: ItemState | null) => Promise<void>
  readonly more: () => Promise<void>
  readonly put: (job: BatchJob) => void
  readonly remove: (job: string) => Promise<void>
}

const PAGE = 200
const watching = new Latest()

export const useBatches = create<BatchesState>((set, get) => {
  async function page(job: string, cursor: string | null) {
    const { filter } = get()
    return service.batch.items({ job, limit: PAGE, ...(cursor !== null && { cursor }), ...(filter && { state: filter }) })
  }

  function take(event: BatchEvent): void {
    if (event.kind === 'job') get().put(event.job)
    else {
      const { items } = get()
      const at = items.findIndex(({ id }) => id === event.item.id)
      if (at >= 0) set({ items: items.with(at, event.item) })
    }
  }

  return {
    jobs: [],
    open: null,
    items: [],
    filter: null,
    cursor: null,
    problem: null,
    load: async () => set({ jobs: (await service.batch.list({ limit: 100 })).items }),
    show: async (open) => {
      const signal = watching.begin()
      set({ open, items: [], cursor: null, filter: null, problem: null })
      if (open === null) return
      try {
        const first = await page(open, null)
        set({ items: first.items, cursor: first.cursor })
        for await (const event of await service.batch.watch({ job: open }, { signal })) take(event)
      } catch (error) {
        const problem = problemOf(error)
        if (problem && !signal.aborted) set({ problem })
      }
    },
    filterBy: async (filter) => {
      const { open } = get()
      set({ filter })
      if (open === null) return
      const first = await page(open, null)
      if (get().open === open && get().filter === filter) set({ items: first.items, cursor: first.cursor })
    },
    more: async () => {
      const { open, cursor } = get()
      if (open === null || cursor === null) return
      set({ cursor: null })
      const next = await page(open, cursor)
      if (get().open === open) set({ items: [...get().items, ...next.items], cursor: next.cursor })
    },
    put: (job) => {
      const { jobs } = get()
      const at = jobs.findIndex(({ id }) => id === job.id)
      set({ jobs: at >= 0 ? jobs.with(at, job) : [job, ...jobs] })
    },
    remove: async (job) => {
      await service.batch.remove({ job })
      if (get().open === job) await get().show(null)
      set({ jobs: get().jobs.filter(({ id }) => id !== job) })
    },
  }
})
