import { unlessAborted } from '../platform/unless-aborted.ts'

/** A mutex with a FIFO queue. A failed holder does not affect the next one. */
export class Serial {
  /** Resolves when all callers so far have left or given up. */
  #allLeft: Promise<void> = Promise.resolve()

  /**
   * Waits for the caller's turn. The caller must call the returned function when its work is done.
   * An abort rejects at once with the signal's reason; callers behind it keep their order.
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
