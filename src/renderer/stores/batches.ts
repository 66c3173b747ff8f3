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
  /** Of the open batch: the state whose clips are shown, null for all. */
  readonly filter: ItemState | null
  readonly pages: SparsePages<BatchItem>
  readonly total: number
  /** While the first of what is to be shown is on its way. */
  readonly loading: boolean
  readonly problem: TarsierError | null
  readonly load: () => Promise<void>
  readonly show: (job: string | null) => Promise<void>
  readonly filterBy: (state: ItemState | null) => void
  /** Rows from `first` to `last` are to be seen. */
  readonly need: (first: number, last: number) => void
  /** Has the service begin or change a batch, and shows what became of it. */
  readonly change: (call: () => Promise<BatchJob>) => Promise<BatchJob>
  readonly remove: (job: string) => Promise<void>
}

/** The least time between two readings of rows that keep moving: clips leave and enter a state as the batch goes on. */
const REFRESH_INTERVAL_MS = 300

/** As many as the service gives at once. */
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
  let inSight: readonly [number, number] = [0, 0]
  const moved = new ThrottledTask(readAgain, REFRESH_INTERVAL_MS)

  function fail(error: unknown): void {
    const problem = problemOf(error)
    if (problem) set({ problem, loading: false })
  }

  /** Reads what is in sight as it is now; the rest is read when it comes into sight. */
  async function readAgain(): Promise<void> {
    const { open, filter, pages, loading } = get()
    if (open === null) return
    const seen = new Set(pagesOf(...inSight))
    set({ pages: new Map([...pages].filter(([page]) => seen.has(page))) })
    try {
      const got = await loader.anew({ job: open, filter }, inSight)
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
        // One that was begun or taken off meanwhile may be missing in the answer, or be in it still.
        if (idsOf(get().jobs) === had) return set({ jobs: answer.map(newest) })
      }
    },
    show: async (open) => {
      const signal = watching.begin()
      loader.stop()
      inSight = [0, 0]
      set({ open, pages: new Map(), total: 0, loading: open !== null, filter: null, problem: null })
      if (open === null) return
      try {
        // The first that is told is the batch itself. Changes are listened for by then, so the rows are read after it.
        for await (const event of await service.batch.watch({ job: open }, { signal })) {
          if (signal.aborted) return
          take(event)
        }
      } catch (error) {
        if (!signal.aborted) fail(error)
      }
    },
    filterBy: (filter) => {
      inSight = [0, 0]
      set({ filter, loading: true, problem: null })
      void readAgain()
    },
    need: (first, last) => {
      const { open, filter, pages, total, loading } = get()
      if (open === null || loading || total === 0) return
      inSight = [first, last]
      loader.need({ job: open, filter }, pages, inSight, {
        onPage: (page, got) => {
          set({ pages: withPage(get().pages, page, got.items) })
          // Of another moment than the others: rows have moved between them.
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

/** The whole list, which comes in pages. */
async function allBatches(): Promise<readonly BatchJob[]> {
  const jobs = new Map<string, BatchJob>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page<BatchJob> = await service.batch.list({ limit: PAGE_BATCHES, ...(cursor !== '' && { cursor }) })
    // One that was begun meanwhile moves the others on, so that a page may begin with the last of the one before.
    for (const job of page.items) jobs.set(job.id, job)
    cursor = page.cursor
  }
  return [...jobs.values()]
}

function idsOf(jobs: readonly BatchJob[]): string {
  return jobs.map(({ id }) => id).join()
}
