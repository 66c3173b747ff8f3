/** Lets one piece of work run at a time, in the order asked; a failed one does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()

  /** Waits for its turn; the caller must call the returned function when done. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    const before = this.#last
    let leave = () => {}
    this.#last = new Promise<void>((resolve) => (leave = resolve))
    await before
    if (signal?.aborted) {
      leave()
      signal.throwIfAborted()
    }
    return leave
  }
}
