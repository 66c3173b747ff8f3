import type { Answer, EngineEvent } from '../../shared/engine-events.ts'
import { asTarsierError, type TarsierError } from '../../shared/errors.ts'
import type { Estimate } from '../../shared/estimate.ts'
import type { Diagnosis } from '../diagnosis.ts'
import type {
  EngineClient,
  EngineOptions,
  EstimateRequest,
  ModelFacts,
  NextQuestion,
  RunStart,
  Trace,
  TraceRequest,
  TurnRequest,
} from '../engine-client.ts'
import { DeviceRecovery, type Notice } from './device-recovery.ts'
import type { EngineCommand, HostEvent } from './engine-commands.ts'
import { HostCalls, type HostState } from './host-calls.ts'
import { Transcripts } from './transcripts.ts'

/** The engine in a child process. A crash or a hang fails what was running, is told to `onLost`, and the next call starts the process anew. */
export function startEngineHost(options: EngineOptions, onLost?: (error: TarsierError) => void): HostClient {
  return new HostClient(options, onLost)
}

/** What this machine's engines can do, asked of a child process because asking may kill it. */
export async function diagnoseInHost(signal: AbortSignal): Promise<Diagnosis> {
  const calls = new HostCalls<EngineCommand, HostEvent>('engine-host', { name: 'The engine' })
  await using host = calls
  return await host.ask({ kind: 'diagnose' }, signal)
}

/**
 * A crash while a device other than the CPU was in use is not the engine's: unless the device was chosen by name, the command is done again without it,
 * and an answer goes on where it was. A new process is given what was said in a conversation before.
 */
export class HostClient implements EngineClient {
  readonly #calls: HostCalls<EngineCommand, HostEvent>
  readonly #devices: DeviceRecovery
  readonly #transcripts = new Transcripts()
  /** Notices of devices that failed where there were no events to say so. */
  readonly #unsaid: Notice[] = []

  /** @param program the engine's process, beside this file */
  constructor(options: EngineOptions, onLost?: (error: TarsierError) => void, program = 'engine-host') {
    this.#devices = new DeviceRecovery(options)
    this.#calls = new HostCalls(program, {
      name: 'The engine',
      first: () => {
        this.#transcripts.processStarted()
        return { kind: 'start', options, passedOver: this.#devices.passedOver }
      },
      starting: { kind: 'stage', stage: 'loading' },
      onDeviceUse: (use) => this.#devices.entered(use),
      onLost,
    })
  }

  get state(): HostState {
    return this.#calls.state
  }

  load(signal: AbortSignal): Promise<ModelFacts> {
    return this.#ask({ kind: 'load' }, signal)
  }

  async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    const recovery = this.#devices.command((error) => this.#calls.end(error))
    const failures = this.#unsaid.splice(0)
    // Not by `yield*`, which waits even where there are none: commands reach the process in the order in which they were asked.
    for (const notice of failures) yield notice
    const notices = new Set<string>()
    let begun = false
    let firstToken = 0
    for (let attempts = 1; ; attempts += 1) {
      try {
        for await (const event of this.#attempt(conversation, begun ? { kind: 'continue', sampling: turn.sampling } : turn, signal)) {
          if (event.kind === 'history') {
            begun = true
            continue
          }
          if (event.kind === 'delta' && firstToken === 0) firstToken = performance.now() - started
          // An attempt says again what the one before has said.
          if (event.kind === 'notice' && notices.size === notices.add(event.text).size) continue
          if (event.kind !== 'done') yield event
          else {
            await recovery.succeeded()
            const answer = attempts === 1 ? event.answer : resumed(event.answer, { started, firstToken })
            yield { kind: 'done', answer: { ...answer, notices: [...failures.map(({ text }) => text), ...answer.notices] } }
          }
        }
        return
      } catch (error) {
        const notice = await recovery.passOver(error)
        if (notice === null) continue
        failures.push(notice)
        yield notice
      }
    }
  }

  estimate(request: EstimateRequest, signal: AbortSignal): Promise<Estimate> {
    return this.#ask({ kind: 'estimate', request }, signal)
  }

  runStart(question: NextQuestion): Promise<RunStart | null> {
    return this.#ifAlive({ kind: 'run-start', question })
  }

  async close(conversation: string): Promise<void> {
    this.#transcripts.forget(conversation)
    await this.#ifAlive({ kind: 'close', conversation })
  }

  trace(request: TraceRequest, signal: AbortSignal): Promise<Trace> {
    return this.#ask({ kind: 'trace', request }, signal)
  }

  /** Null without a process, which has neither model nor conversations then. */
  async #ifAlive<T>(command: EngineCommand): Promise<T | null> {
    if (!this.#calls.alive) return null
    try {
      return await this.#calls.ask(command, new AbortController().signal)
    } catch (error) {
      // The process ended since it was asked, of which `onLost` was notified.
      const { code } = asTarsierError(error)
      if (code !== 'engine-crashed' && code !== 'engine-hung' && code !== 'device-unavailable') throw error
      return null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]()
  }

  async #ask<T>(command: EngineCommand, signal: AbortSignal): Promise<T> {
    const recovery = this.#devices.command((error) => this.#calls.end(error))
    for (;;) {
      try {
        const result = await this.#calls.ask<T>(command, signal)
        await recovery.succeeded()
        return result
      } catch (error) {
        const notice = await recovery.passOver(error)
        if (notice) this.#unsaid.push(notice)
      }
    }
  }

  /** One try at a turn; keeps the transcript. */
  async *#attempt(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<HostEvent, void> {
    // Who says everything that came before needs no history.
    const past = turn.kind === 'chat' ? null : this.#transcripts.toRecall(conversation, this.#calls.alive)
    const events = this.#calls.events({ kind: 'answer', conversation, past, turn }, signal)
    let loading = false
    let recalled = past === null
    for await (const event of events) {
      // Not before the process has been started, which forgets what earlier ones knew.
      if (!recalled) this.#transcripts.recalled(conversation)
      recalled = true
      if (event.kind === 'history') this.#transcripts.answerBegins(conversation, event.messages)
      else if (event.kind === 'delta') this.#transcripts.answerGrows(conversation, event.text)
      else if (event.kind === 'done') this.#transcripts.answerEnds(conversation, event.answer.text)
      const again = loading
      loading = event.kind === 'stage' && event.stage === 'loading'
      // A process that had to be started was told of already.
      if (!(again && loading)) yield event
    }
  }
}

/** An answer that took several attempts, with the time of all of them. */
function resumed(answer: Answer, { started, firstToken }: { started: number; firstToken: number }): Answer {
  const total = performance.now() - started
  return { ...answer, timings: { ...answer.timings, firstToken, generate: total - firstToken, total } }
}
