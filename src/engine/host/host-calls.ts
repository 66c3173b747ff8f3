import { TarsierError } from '../../shared/errors.ts'
import { EventQueue } from './event-queue.ts'
import { HostProcess, reviveError } from './host-process.ts'
import type { FromHost } from './protocol.ts'

/** As editors do with their extension hosts: a process that dies this often will not get better by itself. */
const MAX_CRASHES = 3
const CRASH_WINDOW_MS = 5 * 60 * 1000

/**
 * Commands to a process of ours that may die of them. It is started at the first one; a crash fails what was running, and the next
 * command starts it anew. `first` is said to every new process before anything else; `starting` is told to whoever it is started for,
 * for it takes a second until it can say something itself.
 */
export class HostCalls<Command, Event> implements AsyncDisposable {
  readonly #program: string
  readonly #first: Command | null
  readonly #starting: Event | null
  readonly #pending = new Map<number, EventQueue<Event>>()
  #process: HostProcess<Command, Event> | null = null
  #crashes: number[] = []
  #nextId = 1

  constructor(program: string, first: Command | null = null, starting: Event | null = null) {
    this.#program = program
    this.#first = first
    this.#starting = starting
  }

  /** Whether there is a process now. */
  get alive(): boolean {
    return this.#process !== null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopping = this.#process
    this.#process = null
    await stopping?.stop()
  }

  /** A command's result; its events are of no interest. */
  async ask<T>(command: Command, signal: AbortSignal): Promise<T> {
    const steps = this.events(command, signal)
    for (;;) {
      const next = await steps.next()
      // The host is our own code of the same build: its results have the command's type.
      if (next.done === true) return next.value as T
    }
  }

  /** A command's events; its result is what the generator returns. Leaving the loop or aborting stops the work. */
  async *events(command: Command, signal: AbortSignal): AsyncGenerator<Event, unknown> {
    signal.throwIfAborted()
    const starting = this.alive ? null : this.#starting
    const host = this.#running()
    const id = this.#nextId++
    const queue = new EventQueue<Event>()
    if (starting !== null) queue.push({ kind: 'event', event: starting })
    this.#pending.set(id, queue)
    const cancel = () => host.send({ kind: 'cancel', id })
    signal.addEventListener('abort', cancel, { once: true })
    let finished = false
    try {
      host.send({ kind: 'command', id, command })
      for (;;) {
        const step = await queue.next()
        if (step.kind === 'event') {
          yield step.event
          continue
        }
        finished = true
        if (step.kind === 'failed') {
          // A Ctrl-C may end the process before it can say that it was stopped.
          signal.throwIfAborted()
          throw step.error
        }
        return step.value
      }
    } finally {
      signal.removeEventListener('abort', cancel)
      if (!finished) {
        // The consumer left its loop: stop the work, and wait until it has stopped before anything else is asked.
        cancel()
        await queue.settled()
      }
      this.#pending.delete(id)
    }
  }

  #running(): HostProcess<Command, Event> {
    if (this.#process) return this.#process
    const recent = this.#crashes.filter((time) => Date.now() - time < CRASH_WINDOW_MS)
    if (recent.length >= MAX_CRASHES) {
      throw new TarsierError(
        'engine-crashed',
        `The engine crashed ${recent.length} times within five minutes and is not started again. Choose the CPU as its device; if that does not help either, report it.`,
      )
    }
    this.#crashes = recent
    const started = new HostProcess<Command, Event>(
      this.#program,
      (message) => this.#receive(message),
      (error) => {
        if (this.#process === started) {
          this.#process = null
          this.#crashes.push(Date.now())
        }
        for (const queue of this.#pending.values()) queue.push({ kind: 'failed', error })
      },
    )
    this.#process = started
    if (this.#first !== null) started.send({ kind: 'command', id: 0, command: this.#first })
    return started
  }

  #receive(message: FromHost<Event>): void {
    const queue = this.#pending.get(message.id)
    if (message.kind === 'failed') queue?.push({ kind: 'failed', error: reviveError(message.error) })
    else queue?.push(message)
  }
}
