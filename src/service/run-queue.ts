/** Who waits: people before batches. */
export type RunKind = 'chat' | 'api' | 'batch'

interface Waiting {
  readonly client: string
  readonly kind: RunKind
  admit(): void
  told(): void
}

/**
 * One answer at a time, for the model and the machine's memory are there once. Clients take turns: whoever was served longest ago comes
 * next, and a batch only when nobody else waits. Within a client it is first come, first served.
 */
export class RunQueue {
  #waiting: Waiting[] = []
  #running: RunKind | null = null
  readonly #served = new Map<string, number>()
  #count = 0
  readonly #onChange: () => void

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange
  }

  get running(): RunKind | null {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Waits for its turn, giving the number of those before it whenever that changes. What it returns must be called when the run is over.
   * An abort, or leaving the loop, gives the place up.
   */
  async *enter(client: string, kind: RunKind, signal: AbortSignal): AsyncGenerator<number, () => void> {
    signal.throwIfAborted()
    let admitted = false
    let wake = () => {}
    const entry: Waiting = {
      client,
      kind,
      admit: () => {
        admitted = true
        wake()
      },
      told: () => wake(),
    }
    this.#waiting.push(entry)
    const stop = () => wake()
    signal.addEventListener('abort', stop, { once: true })
    let entered = false
    try {
      this.#next()
      let last = -1
      for (;;) {
        if (admitted) break
        const ahead = this.#ahead(entry)
        if (ahead !== last) {
          last = ahead
          yield ahead
          signal.throwIfAborted()
          continue
        }
        await new Promise<void>((resolve) => (wake = resolve))
        signal.throwIfAborted()
      }
      signal.throwIfAborted()
      entered = true
      return () => this.#leave(entry)
    } finally {
      signal.removeEventListener('abort', stop)
      if (!entered) this.#giveUp(entry, admitted)
    }
  }

  #giveUp(entry: Waiting, admitted: boolean): void {
    if (admitted) {
      this.#leave(entry)
      return
    }
    this.#waiting = this.#waiting.filter((other) => other !== entry)
    this.#tell()
  }

  #leave(entry: Waiting): void {
    this.#running = null
    this.#count += 1
    this.#served.set(entry.client, this.#count)
    this.#next()
    // Clients that have gone for good are not remembered for ever.
    if (this.#waiting.length === 0) this.#served.clear()
  }

  #next(): void {
    if (this.#running === null) {
      const [first] = this.#order()
      if (first) {
        this.#waiting = this.#waiting.filter((other) => other !== first)
        this.#running = first.kind
        first.admit()
      }
    }
    this.#tell()
  }

  #tell(): void {
    for (const entry of this.#waiting) entry.told()
    this.#onChange()
  }

  #ahead(entry: Waiting): number {
    return this.#order().indexOf(entry) + (this.#running === null ? 0 : 1)
  }

  /** Those who wait, in the order in which they would be served if nobody else came. */
  #order(): Waiting[] {
    const served = new Map(this.#served)
    const rest = [...this.#waiting]
    const order: Waiting[] = []
    for (let turn = this.#count + 1; rest.length > 0; turn++) {
      const rank = ({ kind, client }: Waiting) => (kind === 'batch' ? Number.MAX_SAFE_INTEGER / 2 : 0) + (served.get(client) ?? 0)
      const best = rest.reduce((a, b) => (rank(b) < rank(a) ? b : a))
      rest.splice(rest.indexOf(best), 1)
      served.set(best.client, turn)
      order.push(best)
    }
    return order
  }
}
