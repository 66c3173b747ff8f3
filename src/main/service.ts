import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { MessageChannelMain, type UtilityProcess, utilityProcess, type WebContents } from 'electron'
import { exitReason } from '../platform/exit-reason.ts'
import { channels } from '../shared/bridge.ts'
import { assertNever, type ErrorData, TarsierError } from '../shared/errors.ts'
import type { Ended, FromShell, ShellAnswers, ShellQuestion, ToShell, Work } from '../shared/shell-messages.ts'
import { RestartLimit } from './restart-limit.ts'

/** Name of the service's process in the system's lists. */
export const SERVICE_NAME = 'Tarsier service'

const program = fileURLToPath(new URL('../cli/service-process.js', import.meta.url))

/** The service flushes pending writes and shuts down its engine, with a timeout of 3 seconds. */
const STOP_TIMEOUT_MS = 6000

interface Listeners {
  work(work: Work): void
  ended(ended: Ended): void
  /** Called when the service will not be restarted automatically: it crashed too often or cannot start. */
  onExit(error: ErrorData): void
}

interface Pending {
  resolve(answer: ShellAnswers[keyof ShellAnswers]): void
  reject(error: Error): void
}

/** Runs the service in a process of its own and restarts it after crashes, up to a limit. After that, `start` starts it again. */
export class Service {
  readonly #listeners: Listeners
  readonly #limit = new RestartLimit()
  readonly #pending = new Map<number, Pending>()
  /** Pages that wait for a port while no service is running. */
  readonly #waiting = new Set<WebContents>()
  #child: UtilityProcess | null = null
  #stopping = false
  #nextQuestionId = 0

  constructor(listeners: Listeners) {
    this.#listeners = listeners
  }

  start(): void {
    if (this.#child) return
    const child = utilityProcess.fork(program, [], { serviceName: SERVICE_NAME, stdio: 'inherit' })
    this.#child = child
    child.on('message', (message: ToShell) => this.#hear(message))
    child.once('exit', (code) => {
      if (this.#child === child) this.#onExit(code)
    })
    for (const page of this.#waiting) this.connect(page)
  }

  /** Connects a page directly to the service. Its messages do not pass through this process. */
  connect(page: WebContents): void {
    this.#waiting.delete(page)
    if (page.isDestroyed()) return
    if (!this.#child) {
      this.#waiting.add(page)
      return
    }
    const { port1, port2 } = new MessageChannelMain()
    this.#child.postMessage({ kind: 'page', client: randomUUID() } satisfies FromShell, [port1])
    page.postMessage(channels.port, null, [port2])
  }

  /** Throws the service's error, or `service-lost` if the service exits before it answers. */
  async ask<Kind extends ShellQuestion['kind']>(question: ShellQuestion & { readonly kind: Kind }): Promise<ShellAnswers[Kind]> {
    const child = this.#child
    if (!child) throw lost()
    this.#nextQuestionId += 1
    const id = this.#nextQuestionId
    const answer = new Promise<ShellAnswers[keyof ShellAnswers]>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    child.postMessage({ kind: 'ask', id, question } satisfies FromShell)
    return (await answer) as ShellAnswers[Kind]
  }

  /** Shuts the service down gracefully, and kills it after a timeout. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (!child) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.postMessage({ kind: 'end' } satisfies FromShell)
    const late = setTimeout(() => child.kill(), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(late)
  }

  #hear(message: ToShell): void {
    switch (message.kind) {
      case 'answer':
        this.#take(message.id)?.resolve(message.answer)
        return
      case 'failed':
        this.#take(message.id)?.reject(TarsierError.fromData(message.error))
        return
      case 'work':
        this.#listeners.work(message.work)
        return
      case 'ended':
        this.#listeners.ended(message.ended)
        return
      case 'refused':
        this.#giveUp(message.error)
        return
      default:
        assertNever(message, 'message')
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #onExit(code: number): void {
    this.#forget()
    if (this.#stopping) return
    if (this.#limit.take()) this.start()
    else this.#listeners.onExit(lost(code).toData())
  }

  #giveUp(error: ErrorData): void {
    const child = this.#child
    this.#forget()
    child?.kill()
    this.#listeners.onExit(error)
  }

  #forget(): void {
    this.#child = null
    for (const { reject } of this.#pending.values()) reject(lost())
    this.#pending.clear()
    this.#listeners.work({ answering: false, models: 0, batches: 0, benchmarks: 0, progress: null })
  }
}

function lost(code?: number): TarsierError {
  return new TarsierError(
    'service-lost',
    code === undefined
      ? 'The background service of the app is not running. Try again in a moment.'
      : `The background service of the app stopped repeatedly (${exitReason(code)}). Restart the service. If that does not help, restart the app and report the problem.`,
  )
}
