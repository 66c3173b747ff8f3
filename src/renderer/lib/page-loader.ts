import { Latest } from './latest.ts'
import { pagesOf, type SparsePages } from './sparse-pages.ts'

/** Part of a list that one request returns. */
interface Part<T> {
  readonly items: readonly T[]
  readonly total: number
}

/** Loads the pages of a long list as they become visible, each once. Only results of the last query are delivered. */
export class PageLoader<Query, T, Got extends Part<T>> {
  readonly #fetch: (query: Query, page: number, signal: AbortSignal) => Promise<Got>
  readonly #latest = new Latest()
  /** Pages that are loading or failed, so that scrolling does not request them again. */
  #requested = new Set<number>()

  constructor(fetch: (query: Query, page: number, signal: AbortSignal) => Promise<Got>) {
    this.#fetch = fetch
  }

  /** Loads the first page of a new query. Returns null if another query started before it arrived. */
  async begin(query: Query): Promise<Got | null> {
    return (await this.anew(query, [0, 0]))?.get(0) ?? null
  }

  /** Reloads the pages that cover rows `first` to `last`. Returns null if another query started before they arrived. */
  async anew(query: Query, [first, last]: readonly [number, number]): Promise<ReadonlyMap<number, Got> | null> {
    const signal = this.#latest.begin()
    const pages = pagesOf(first, last)
    const requested = new Set(pages)
    this.#requested = requested
    try {
      const got = await Promise.all(pages.map(async (page) => [page, await this.#fetch(query, page, signal)] as const))
      for (const page of pages) requested.delete(page)
      return signal.aborted ? null : new Map(got)
    } catch (error) {
      if (signal.aborted) return null
      throw error
    }
  }

  /** Aborts all requests. */
  stop(): void {
    this.#latest.abort()
  }

  /** Requests missing pages for rows `first` to `last`. Results of an earlier query are ignored. */
  need(
    query: Query,
    pages: SparsePages<T>,
    [first, last]: readonly [number, number],
    handlers: { readonly onPage: (page: number, got: Got) => void; readonly onError: (error: unknown) => void },
  ): void {
    const { signal } = this.#latest
    const requested = this.#requested
    for (const page of pagesOf(first, last)) {
      if (pages.has(page) || requested.has(page)) continue
      requested.add(page)
      this.#fetch(query, page, signal).then(
        (got) => {
          requested.delete(page)
          if (!signal.aborted) handlers.onPage(page, got)
        },
        (error: unknown) => {
          if (!signal.aborted) handlers.onError(error)
        },
      )
    }
  }
}
