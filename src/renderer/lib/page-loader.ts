import { Latest } from './latest.ts'
import { pagesOf, type SparsePages } from './sparse-pages.ts'

/** What one request gives of a list. */
interface Part<T> {
  readonly items: readonly T[]
  readonly total: number
}

/** Fetches the pages of a long list as they come into sight, each once, of the query that was begun last. */
export class PageLoader<Query, T, Got extends Part<T>> {
  readonly #fetch: (query: Query, page: number, signal: AbortSignal) => Promise<Got>
  readonly #latest = new Latest()
  /** Pages on their way, and those that failed: they are not asked for at every turn of the wheel. */
  #requested = new Set<number>()

  constructor(fetch: (query: Query, page: number, signal: AbortSignal) => Promise<Got>) {
    this.#fetch = fetch
  }

  /** The first page of another query; null where yet another one was begun before it came. */
  async begin(query: Query): Promise<Got | null> {
    return (await this.anew(query, [0, 0]))?.get(0) ?? null
  }

  /** The pages that hold rows from `first` to `last`, all of them as they are now; null where another query was begun before they came. */
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

  /** Nothing that is on its way is wanted any more. */
  stop(): void {
    this.#latest.abort()
  }

  /** Asks for what is missing of the rows from `first` to `last`; what comes for an earlier query is told to nobody. */
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
