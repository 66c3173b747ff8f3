/** Kind of a run. Interactive and API runs have priority over batches. */
export type RunKind = 'chat' | 'api' | 'batch'

/** The client that requests a run, and the kind of the run. */
export interface Asker {
  readonly client: string
  readonly kind: RunKind
}

interface Waiting {
  readonly client: string
  readonly kind: RunKind
  admit(): void
  onChange(): void
}

/**
 * Schedules one answer at a time, because the model and the memory are shared. Clients take turns: the least recently served client is next;
 * batches run only if nothing else waits. Each client's runs are in arrival order.
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
   * Waits for a turn and yields the number of runs ahead whenever it changes. The returned function must be called when the run ends. An abort,
   * or leaving the loop, gives up the place in the queue.
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
      onChange: () => wake(),
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

  /** Enters at once if no run is active or waiting; otherwise returns null. The returned function must be called when the run ends. */
  enterIfIdle(client: string, kind: RunKind): (() => void) | null {
    if (this.#running !== null || this.#waiting.length > 0) return null
    this.#running = kind
    this.#report()
    return () => this.#leave({ client })
  }

  /** Waits for a turn, yields the runs ahead as `queued`, and runs `work`. Leaving the loop or aborting ends the run. */
  async *inTurn<Event>(
    { client, kind }: Asker,
    work: () => AsyncIterable<Event>,
    signal: AbortSignal,
  ): AsyncGenerator<Event | { readonly kind: 'queued'; readonly ahead: number }, void> {
    const waiting = this.enter(client, kind, signal)
    let leave: (() => void) | null = null
    try {
      for (;;) {
        const next = await waiting.next()
        if (next.done) {
          leave = next.value
          break
        }
        if (next.value > 0) yield { kind: 'queued', ahead: next.value }
      }
      yield* work()
    } finally {
      if (leave) leave()
      else await waiting.return(() => {})
    }
  }

  #giveUp(entry: Waiting, admitted: boolean): void {
    if (admitted) {
      this.#leave(entry)
      return
    }
    this.#waiting = this.#waiting.filter((other) => other !== entry)
    this.#report()
  }

  #leave({ client }: Pick<Waiting, 'client'>): void {
    this.#running = null
    this.#count += 1
    this.#served.set(client, this.#count)
    this.#next()
    // Do not keep entries of disconnected clients.
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
    this.#report()
  }

  #report(): void {
    for (const entry of this.#waiting) entry.onChange()
    this.#onChange()
  }

  #ahead(entry: Waiting): number {
    return this.#order().indexOf(entry) + (this.#running === null ? 0 : 1)
  }

  /** Returns the waiting runs in the order in which they would be served if no further runs arrived. */
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
