/**
 * What is told of things by a stream. An answer to a call that was on its way meanwhile may be the older of the two, whichever comes
 * first: what was told wins over it. Every change is told, so what comes last by the stream is as things are.
 */
export class StreamedUpdates<T extends { readonly id: string }> {
  readonly #calls = new Set<Map<string, T>>()

  add(thing: T): void {
    for (const updates of this.#calls) updates.set(thing.id, thing)
  }

  /** The answer, and for a thing that is in it what was told of it since `call` was made, or else itself. */
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
