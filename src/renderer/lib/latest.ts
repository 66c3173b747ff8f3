/** Keeps only the latest of several runs of the same work: starting one aborts the previous one. */
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

  /** Signal of the current run. */
  get signal(): AbortSignal {
    return this.#current.signal
  }
}
