import type { BatchEvent } from '../shared/contract/batch.ts'

/** Sends batch changes to watchers. Pending changes of the same item are merged: a slow watcher gets only the latest. */
export class BatchEvents {
  readonly #watchers = new Map<string, Set<(event: BatchEvent) => void>>()

  emit(batch: string, event: BatchEvent): void {
    for (const send of this.#watchers.get(batch) ?? []) send(event)
  }

  async *watch(batch: string, first: BatchEvent, signal: AbortSignal): AsyncGenerator<BatchEvent, void> {
    const pending = new Map<string, BatchEvent>()
    let wake = () => {}
    const send = (event: BatchEvent) => {
      pending.set(event.kind === 'item' ? event.item.id : event.kind, event)
      wake()
    }
    const watchers = this.#watchers.get(batch) ?? new Set()
    this.#watchers.set(batch, watchers)
    watchers.add(send)
    const stop = () => wake()
    signal.addEventListener('abort', stop, { once: true })
    try {
      yield first
      while (!signal.aborted) {
        const [next] = pending
        if (next) {
          pending.delete(next[0])
          yield next[1]
          continue
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', stop)
      watchers.delete(send)
      if (watchers.size === 0) this.#watchers.delete(batch)
    }
  }
}
