import type { EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Diagnosis } from '../diagnosis.ts'
import type { EngineClient, EngineOptions, ModelFacts, Trace, TraceRequest, TurnRequest } from '../engine-client.ts'
import { EventQueue } from './event-queue.ts'
import { HostProcess, reviveError } from './host-process.ts'
import type { Command, FromHost } from './protocol.ts'

/** As editors do with their extension hosts: a process that dies this often will not get better by itself. */
const MAX_CRASHES = 3
const CRASH_WINDOW_MS = 5 * 60 * 1000

/** The engine in a child process. A crash fails what was running; the next call starts the process anew. */
export function startEngineHost(options: EngineOptions): HostClient {
  return new HostClient(options)
}

/** What this machine's engines can do, asked of a child process because asking may kill it. */
export async function diagnoseInHost(signal: AbortSignal): Promise<Diagnosis> {
  await using host = new HostClient(null)
  return await host.diagnose(signal)
}

export class HostClient implements EngineClient {
  readonly #options: EngineOptions | null
  readonly #pending = new Map<number, EventQueue>()
  #process: HostProcess | null = null
  #crashes: number[] = []
  #nextId = 1

  constructor(options: EngineOptions | null) {
    this.#options = options
  }

  load(signal: AbortSignal): Promise<ModelFacts> {
    return this.#ask<ModelFacts>({ kind: 'load' }, signal)
  }

  answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    return this.#events({ kind: 'answer', conversation, turn }, signal) as AsyncGenerator<EngineEvent, void>
  }

  async close(conversation: string): Promise<void> {
    // A process that is gone holds no conversation.
    if (this.#process) await this.#ask({ kind: 'close', conversation }, new AbortController().signal)
  }

  trace(request: TraceRequest, signal: AbortSignal): Promise<Trace> {
    return this.#ask<Trace>({ kind: 'trace', request }, signal)
  }

  diagnose(signal: AbortSignal): Promise<Diagnosis> {
    return this.#ask<Diagnosis>({ kind: 'diagnose' }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopping = this.#process
    this.#process = null
    await stopping?.stop()
  }

  async #ask<T>(command: Command, signal: AbortSignal): Promise<T> {
    const steps = this.#events(command, signal)
    for (;;) {
      const next = await steps.next()
      // The host is our own code of the same build: its results have the command's type.
      if (next.done === true) return next.value as T
    }
  }

  async *#events(command: Command, signal: AbortSignal): AsyncGenerator<EngineEvent, unknown> {
    signal.throwIfAborted()
    const host = this.#running()
    const id = this.#nextId++
    const queue = new EventQueue()
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

  #running(): HostProcess {
    if (this.#process) return this.#process
    const recent = this.#crashes.filter((time) => Date.now() - time < CRASH_WINDOW_MS)
    if (recent.length >= MAX_CRASHES) {
      throw new TarsierError(
        'engine-crashed',
        `The engine crashed ${recent.length} times within five minutes and is not started again. Run "tarsier doctor", try --device cpu, and start over.`,
      )
    }
    this.#crashes = recent
    const started = new HostProcess(
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
    if (this.#options) started.send({ kind: 'start', options: this.#options })
    return started
  }

  #receive(message: FromHost): void {
    const queue = this.#pending.get(message.id)
    if (message.kind === 'failed') queue?.push({ kind: 'failed', error: reviveError(message.error) })
    else queue?.push(message)
  }
}
