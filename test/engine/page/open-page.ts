import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { vi } from 'vitest'
import type {} from '../../../src/renderer/bridge.d.ts'
import { ShellPort } from '../../../src/service/shell-port.ts'
import { type Bridge, channels } from '../../../src/shared/bridge.ts'
import type { RunService } from '../service/run-service.ts'

/** Browsers have it; Node has it from version 22 on. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>['resolve']
  let reject!: PromiseWithResolvers<T>['reject']
  const promise = new Promise<T>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { promise, resolve, reject }
}
Promise.withResolvers ??= withResolvers

/** The parts of the page that the tests use, as separate module instances: pages share no state. */
async function loadPage() {
  vi.resetModules()
  const [{ useChat }, { useClip }, openClip] = await Promise.all([
    import('../../../src/renderer/stores/chat.ts'),
    import('../../../src/renderer/stores/clip.ts'),
    import('../../../src/renderer/flows/open-clip.ts'),
  ])
  return { useChat, useClip, ...openClip }
}

type Page = Awaited<ReturnType<typeof loadPage>>

/** The stores of a page over a real service, connected by a message port as Electron's shell connects them. */
export class OpenPage implements AsyncDisposable {
  readonly #run: RunService
  readonly #ports: MessagePort[] = []
  /** Resolves when the service can be called. */
  #service: Promise<void> = Promise.resolve()
  #closed = false
  page!: Page

  private constructor(run: RunService) {
    this.#run = run
  }

  static async open(run: RunService): Promise<OpenPage> {
    const open = new OpenPage(run)
    const window = new EventTarget()
    const connect = async () => {
      const port = await open.#connect()
      if (port) window.dispatchEvent(Object.assign(new Event('message'), { source: window, data: channels.port, ports: [port] }))
    }
    vi.stubGlobal('window', Object.assign(window, { tarsier: { platform: process.platform, connect } satisfies Partial<Bridge> }))
    open.page = await loadPage()
    return open
  }

  /** A port to the service, once there is one. */
  async #connect(): Promise<MessagePort | null> {
    await this.#service
    if (this.#closed) return null
    const { port1, port2 } = new MessageChannel()
    this.#ports.push(port1)
    new ShellPort(this.#run.service, () => {}).receive({ kind: 'page', client: 'page' }, [port1 as never])
    return port2
  }

  get chat() {
    return this.page.useChat.getState()
  }

  get clip() {
    return this.page.useClip.getState()
  }

  /** Records every change of the conversation until the returned function is called, which returns the changes. */
  watchChat(): () => readonly ReturnType<Page['useChat']['getState']>[] {
    const seen: ReturnType<Page['useChat']['getState']>[] = []
    const stop = this.page.useChat.subscribe((state) => seen.push(state))
    return () => {
      stop()
      return seen
    }
  }

  /** Waits for a state of the page; the test's time limit ends a wait in vain. */
  until(shown: (page: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const checkState = () => {
        if (!shown(this)) return
        for (const stop of stops) stop()
        resolve()
      }
      const stops = [this.page.useChat.subscribe(checkState), this.page.useClip.subscribe(checkState)]
      checkState()
    })
  }

  /** Ends the service as its process ends, and starts it again. */
  async restartService(): Promise<void> {
    this.#closePorts()
    this.#service = this.#run.restart()
    await this.#service
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.page.closeClip()
    this.#closed = true
    this.#closePorts()
    vi.unstubAllGlobals()
  }

  #closePorts(): void {
    for (const port of this.#ports.splice(0)) port.close()
  }
}
