import type { EngineEvent } from '../../shared/engine-events.ts'
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
import type { EngineCommand } from './engine-commands.ts'
import { HostCalls, type HostState } from './host-calls.ts'

/** The engine in a child process. A crash or a hang fails what was running, is told to `onLost`, and the next call starts the process anew. */
export function startEngineHost(options: EngineOptions, onLost?: (error: TarsierError) => void): HostClient {
  return new HostClient(options, onLost)
}

/** What this machine's engines can do, asked of a child process because asking may kill it. */
export async function diagnoseInHost(signal: AbortSignal): Promise<Diagnosis> {
  await using host = new HostClient(null)
  return await host.diagnose(signal)
}

export class HostClient implements EngineClient {
  readonly #calls: HostCalls<EngineCommand, EngineEvent>

  constructor(options: EngineOptions | null, onLost?: (error: TarsierError) => void) {
    this.#calls = new HostCalls('engine-host', {
      name: 'The engine',
      first: options && { kind: 'start', options },
      starting: { kind: 'stage', stage: 'loading' },
      onLost,
    })
  }

  get state(): HostState {
    return this.#calls.state
  }

  load(signal: AbortSignal): Promise<ModelFacts> {
    return this.#calls.ask({ kind: 'load' }, signal)
  }

  async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    let loading = false
    for await (const event of this.#calls.events({ kind: 'answer', conversation, turn }, signal)) {
      const again = loading
      loading = event.kind === 'stage' && event.stage === 'loading'
      // A process that had to be started was told of already.
      if (!(again && loading)) yield event
    }
  }

  estimate(request: EstimateRequest, signal: AbortSignal): Promise<Estimate> {
    return this.#calls.ask({ kind: 'estimate', request }, signal)
  }

  runStart(question: NextQuestion): Promise<RunStart | null> {
    return this.#ifAlive({ kind: 'run-start', question })
  }

  async close(conversation: string): Promise<void> {
    await this.#ifAlive({ kind: 'close', conversation })
  }

  trace(request: TraceRequest, signal: AbortSignal): Promise<Trace> {
    return this.#calls.ask({ kind: 'trace', request }, signal)
  }

  diagnose(signal: AbortSignal): Promise<Diagnosis> {
    return this.#calls.ask({ kind: 'diagnose' }, signal)
  }

  /** Null without a process, which has neither model nor conversations then. */
  async #ifAlive<T>(command: EngineCommand): Promise<T | null> {
    if (!this.#calls.alive) return null
    try {
      return await this.#calls.ask(command, new AbortController().signal)
    } catch (error) {
      // The process ended since it was asked, of which `onLost` was notified.
      const { code } = asTarsierError(error)
      if (code !== 'engine-crashed' && code !== 'engine-hung') throw error
      return null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]()
  }
}
