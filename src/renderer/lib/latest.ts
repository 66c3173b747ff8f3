/** Keeps only the latest of several runs of the same work: beginning one aborts the one before. */
export class Latest {
  #current = new AbortController()

  begin(): AbortSignal {
    this.abort()
    this.#current = new AbortController()
    return this.#current.signal
  }

  abort(): void {
    this.#current.abort()
  }

  /** Of the run that goes on. */
  get signal(): AbortSignal {
    return this.#current.signal
  }
}
