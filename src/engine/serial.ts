import { unlessAborted } from '../platform/unless-aborted.ts'

/** Lets one piece of work run at a time, in the order asked; a failed one does not stop the next. */
export class Serial {
  /** Resolves once everybody who asked so far has left or given up. */
  #allLeft: Promise<void> = Promise.resolve()

  /**
   * Waits until it is the caller's turn; the caller must call the returned function when its work is over.
   * An abort while waiting rejects at once with the signal's reason, and those behind keep their order.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    const before = this.#allLeft
    let leave = () => {}
    const left = new Promise<void>((resolve) => (leave = resolve))
    this.#allLeft = before.then(() => left)
    try {
      await (signal ? unlessAborted(before, signal) : before)
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }
}
