import type { Dispatcher } from 'undici'
import { isLoopback } from './loopback.ts'
import { expectMayConnect, neverConnect, whenSwitchedOff } from './never-connect.ts'

/**
 * The HTTP connections of one client. While connections are switched off, requests to other machines throw `connections-off` before a name is looked
 * up, requests to this machine use no proxy, and what was in progress has ended with the same error.
 */
export class GuardedConnections implements AsyncDisposable {
  /** For `fetch` and `request` of undici. */
  readonly dispatcher: Dispatcher
  readonly #direct: Dispatcher
  readonly #create: () => Dispatcher
  readonly #proxied: boolean
  readonly #guard: Disposable
  #outside: Dispatcher

  /**
   * @param direct creates a dispatcher without a proxy
   * @param proxied creates one with proxies; by default there are none
   */
  constructor(direct: () => Dispatcher, proxied?: () => Dispatcher) {
    this.#create = proxied ?? direct
    this.#proxied = proxied !== undefined
    this.#outside = this.#create()
    this.#direct = direct()
    this.dispatcher = this.#direct.compose(() => (options, handler) => this.#dispatch(options, handler))
    this.#guard = whenSwitchedOff((error) => {
      const ended = this.#outside
      this.#outside = this.#create()
      void ended.destroy(error)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#guard[Symbol.dispose]()
    await Promise.all([this.#outside.destroy(), this.#direct.destroy()])
  }

  #dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { hostname } = new URL(String(options.origin))
    expectMayConnect(hostname)
    // A proxy on this machine leads to others.
    const isOwn = neverConnect() !== null || (!this.#proxied && isLoopback(hostname))
    return (isOwn ? this.#direct : this.#outside).dispatch(options, handler)
  }
}
