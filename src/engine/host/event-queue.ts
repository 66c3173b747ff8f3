export type Step<Event> =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: Error }

/** Messages of one command, until its result or failure; later messages are dropped. */
export class EventQueue<Event> {
  readonly #steps: Step<Event>[] = []
  #wake: (() => void) | null = null
  #closed = false

  push(step: Step<Event>): void {
    if (this.#closed) return
    this.#closed = step.kind !== 'event'
    this.#steps.push(step)
    this.#wake?.()
  }

  async next(): Promise<Step<Event>> {
    for (;;) {
      const step = this.#steps.shift()
      if (step) return step
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Waits for the result or failure of the command. */
  async settled(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}
