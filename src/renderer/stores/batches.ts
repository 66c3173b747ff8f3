import { create } from 'zustand'
import type { Page } from '../../shared/contract/base.ts'
import type { BatchEvent, BatchItem, BatchJob, ItemState } from '../../shared/contract/batch.ts'
import { assertNever, type TarsierError } from '../../shared/errors.ts'
import { rowsOf } from '../lib/batch-labels.ts'
import { Latest } from '../lib/latest.ts'
import { PageLoader } from '../lib/page-loader.ts'
import { PAGE_ROWS, pagesOf, type SparsePages, withPage, withRow } from '../lib/sparse-pages.ts'
import { StreamedUpdates } from '../lib/streamed-updates.ts'
import { ThrottledTask } from '../lib/throttled-task.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

interface Query {
  readonly job: string
  /** Null for all clips. */
  readonly filter: ItemState | null
}

interface BatchesState {
  readonly jobs: readonly BatchJob[]
  readonly open: string | null
  /** State by which the clips of the open batch are filtered; null for all. */
  readonly filter: ItemState | null
  readonly pages: SparsePages<BatchItem>
  readonly total: number
  /** True until the first rows have loaded. */
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly load: () => Promise<void>
  readonly show: (job: string | null) => Promise<void>
  readonly filterBy: (state: ItemState | null) => void
  /** Reports that rows `first` to `last` are visible. */
  readonly need: (first: number, last: number) => void
  /** Creates or changes a batch through `call` and shows the result. */
  readonly change: (call: () => Promise<BatchJob>) => Promise<BatchJob>
  readonly remove: (job: string) => Promise<void>
}

/** Minimum interval between reloads of rows. Clips change state, and therefore position, while the batch runs. */
const REFRESH_INTERVAL_MS = 300

/** Page size limit of the service. */
const PAGE_BATCHES = 500

const watching = new Latest()
const jobNews = new StreamedUpdates<BatchJob>()
const itemNews = new StreamedUpdates<BatchItem>()
const loader = new PageLoader(async ({ job, filter }: Query, page, signal) => {
  const input = { job, offset: page * PAGE_ROWS, limit: PAGE_ROWS, ...(filter && { state: filter }) }
  const { answer, newest } = await itemNews.during(() => service.batch.items(input, { signal }))
  return { total: answer.total, items: answer.items.map(newest) }
})

export const useBatches = create<BatchesState>((set, get) => {
  let isVisible: readonly [number, number] = [0, 0]
  const moved = new ThrottledTask(readAgain, REFRESH_INTERVAL_MS)

  function fail(error: unknown): void {
    const problem = problemOf(error)
    if (problem) set({ problem, loading: false })
  }

  /** Reloads the visible rows. Other rows are reloaded when they become visible. */
  async function readAgain(): Promise<void> {
    const { open, filter, pages, loading } = get()
    if (open === null) return
    const seen = new Set(pagesOf(...isVisible))
    set({ pages: new Map([...pages].filter(([page]) => seen.has(page))) })
    try {
      const got = await loader.anew({ job: open, filter }, isVisible)
      if (!got) return
      let now: SparsePages<BatchItem> = loading ? new Map() : get().pages
      for (const [page, { items }] of got) now = withPage(now, page, items)
      set({ pages: now, total: [...got.values()].at(-1)?.total ?? 0, loading: false })
    } catch (error) {
      fail(error)
    }
  }

  function put(job: BatchJob): void {
    const { jobs } = get()
    const at = jobs.findIndex(({ id }) => id === job.id)
    set({ jobs: at >= 0 ? jobs.with(at, job) : [job, ...jobs] })
  }

  function take(event: BatchEvent): void {
    const { filter, pages, total } = get()
    switch (event.kind) {
      case 'job':
        jobNews.add(event.job)
        put(event.job)
        if (rowsOf(event.job, filter) !== total) moved.request()
        return
      case 'items':
        moved.request()
        return
      case 'item': {
        itemNews.add(event.item)
        const changed = withRow(pages, event.item)
        if (changed) set({ pages: changed })
        const fits = filter === null || event.item.state === filter
        if (filter !== null && fits !== (changed !== null)) moved.request()
        return
      }
      default:
        assertNever(event, 'batch event')
    }
  }

  return {
    jobs: [],
    open: null,
    filter: null,
    pages: new Map(),
    total: 0,
    loading: false,
    problem: null,
    load: async () => {
      for (;;) {
        const had = idsOf(get().jobs)
        const { answer, newest } = await jobNews.during(() => allBatches())
        // Batches that were added or removed during the call may be missing from the answer, or still in it.
        if (idsOf(get().jobs) === had) return set({ jobs: answer.map(newest) })
      }
    },
    show: async (open) => {
      const signal = watching.begin()
      loader.stop()
      isVisible = [0, 0]
      set({ open, pages: new Map(), total: 0, loading: open !== null, filter: null, problem: null })
      if (open === null) return
      try {
        // The first event is the batch itself. Because changes are already being watched, the rows can be read after it.
        for await (const event of await service.batch.watch({ job: open }, { signal })) {
          if (signal.aborted) return
          take(event)
        }
      } catch (error) {
        if (!signal.aborted) fail(error)
      }
    },
    filterBy: (filter) => {
      isVisible = [0, 0]
      set({ filter, loading: true, problem: null })
      void readAgain()
    },
    need: (first, last) => {
      const { open, filter, pages, total, loading } = get()
      if (open === null || loading || total === 0) return
      isVisible = [first, last]
      loader.need({ job: open, filter }, pages, isVisible, {
        onPage: (page, got) => {
          set({ pages: withPage(get().pages, page, got.items) })
          // The total differs from that of the other pages, so rows have moved between them.
          if (got.total !== get().total) moved.request()
        },
        onError: fail,
      })
    },
    change: async (call) => {
      const { answer, newest } = await jobNews.during(call)
      put(newest(answer))
      return answer
    },
    remove: async (job) => {
      await service.batch.remove({ job })
      if (get().open === job) await get().show(null)
      set({ jobs: get().jobs.filter(({ id }) => id !== job) })
    },
  }
})

/** Reads all pages of the list. */
async function allBatches(): Promise<readonly BatchJob[]> {
  const jobs = new Map<string, BatchJob>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page<BatchJob> = await service.batch.list({ limit: PAGE_BATCHES, ...(cursor !== '' && { cursor }) })
    // A batch that was added meanwhile shifts the others, so a page may repeat the last one of the page before.
    for (const job of page.items) jobs.set(job.id, job)
    cursor = page.cursor
  }
  return [...jobs.values()]
}

function idsOf(jobs: readonly BatchJob[]): string {
  return jobs.map(({ id }) => id).join()
}
