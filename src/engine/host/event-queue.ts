import type { EngineEvent } from '../../shared/engine-events.ts'

export type Step =
  | { readonly kind: 'event'; readonly event: EngineEvent }
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: Error }

/** Answers to one command as they arrive, until its result or failure; what comes after that is dropped. */
export class EventQueue {
  readonly #steps: Step[] = []
  #wake: (() => void) | null = null
  #closed = false

  push(step: Step): void {
    if (this.#closed) return
    this.#closed = step.kind !== 'event'
    this.#steps.push(step)
    this.#wake?.()
  }

  async next(): Promise<Step> {
    for (;;) {
      const step = this.#steps.shift()
      if (step) return step
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Waits for the command's end, whatever it is. */
  async settled(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve))
  }
}
