/**
 * Merges responses of calls with updates from a stream. A response may be older than an update that arrived during the call, so the update
 * takes precedence. The stream reports every change, so its last update is the current state.
 */
export class StreamedUpdates<T extends { readonly id: string }> {
  readonly #calls = new Set<Map<string, T>>()

  add(thing: T): void {
    for (const updates of this.#calls) updates.set(thing.id, thing)
  }

  /** Returns the answer, and `newest`, which returns the update received for an item during the call, or the item itself. */
  async during<R>(call: () => Promise<R>): Promise<{ readonly answer: R; readonly newest: (thing: T) => T }> {
    const updates = new Map<string, T>()
    this.#calls.add(updates)
    try {
      return { answer: await call(), newest: (thing) => updates.get(thing.id) ?? thing }
    } finally {
      this.#calls.delete(updates)
    }
  }
}
