/** Collects objects to close at the end, in reverse order. Node 20 has no `AsyncDisposableStack`. */
export class Closers implements AsyncDisposable {
  readonly #list: (() => PromiseLike<void>)[] = []

  use<T extends AsyncDisposable>(resource: T): T {
    this.#list.push(() => resource[Symbol.asyncDispose]())
    return resource
  }

  defer(close: () => Promise<void>): void {
    this.#list.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#list.splice(0).reverse()) await close()
  }
}
