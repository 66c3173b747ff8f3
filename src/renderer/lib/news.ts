/**
 * What is told of things by a stream. An answer to a call that was on its way meanwhile may be the older of the two, whichever comes
 * first: what was told wins over it. Every change is told, so what comes last by the stream is as things are.
 */
export class News<T extends { readonly id: string }> {
  readonly #calls = new Set<Map<string, T>>()

  tell(thing: T): void {
    for (const told of this.#calls) told.set(thing.id, thing)
  }

  /** The answer, and for a thing that is in it what was told of it since `call` was made, or else itself. */
  async during<R>(call: () => Promise<R>): Promise<{ readonly answer: R; readonly newest: (thing: T) => T }> {
    const told = new Map<string, T>()
    this.#calls.add(told)
    try {
      return { answer: await call(), newest: (thing) => told.get(thing.id) ?? thing }
    } finally {
      this.#calls.delete(told)
    }
  }
}
