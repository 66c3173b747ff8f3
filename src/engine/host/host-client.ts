import type { Answer, EngineEvent } from '../../shared/engine-events.ts'
import { asTarsierError, type TarsierError } from '../../shared/errors.ts'
import type { Estimate } from '../../shared/estimate.ts'
import { deviceFailureIn } from '../devices/device-failure.ts'
import type {
  EngineClient,
  EngineOptions,
  EstimateRequest,
  ModelInfo,
  NextQuestion,
  RunStart,
  TimeEvent,
  TimeRequest,
  Trace,
  TraceRequest,
  TurnRequest,
  UpcomingClips,
  WriteRequest,
  WrittenText,
} from '../engine-client.ts'
import { type CommandRecovery, DeviceRecovery, type Notice, type OnDeviceFailure } from './device-recovery.ts'
import type { EngineCommand, HostEvent } from './engine-commands.ts'
import { HostCalls, type HostState } from './host-calls.ts'
import { Transcripts } from './transcripts.ts'

/** Called by the client of an engine process. */
export interface HostObserver {
  /** Called for every crash and hang that was not caused by a device, even if no call was running. */
  readonly onLost?: (error: TarsierError) => void
  readonly onDeviceFailure?: OnDeviceFailure
}

/** Starts the engine in a child process. After a crash or hang, running calls fail, and the next call starts a new process. */
export function startEngineHost(options: EngineOptions, observer?: HostObserver): HostClient {
  return new HostClient(options, observer)
}

/**
 * Client of the engine process. After a crash while a GPU was in use, the command is repeated without that device, unless it was selected by
 * name, and an interrupted answer is continued. A new process receives the earlier messages of a conversation.
 */
export class HostClient implements EngineClient {
  readonly #calls: HostCalls<EngineCommand, HostEvent>
  readonly #devices: DeviceRecovery
  readonly #transcripts = new Transcripts()
  /** Notices about failed devices that no event could carry yet. */
  readonly #unsaid: Notice[] = []
  /** Recovery from a crash while no command was running; null when it is finished. */
  #recovering: Promise<void> | null = null

  /** @param program entry of the engine process, beside this file */
  constructor(options: EngineOptions, { onLost, onDeviceFailure }: HostObserver = {}, program = 'engine-host') {
    this.#devices = new DeviceRecovery(options, onDeviceFailure)
    this.#calls = new HostCalls(program, {
      name: 'The engine',
      first: () => {
        this.#transcripts.processStarted()
        return { kind: 'start', options, passedOver: this.#devices.passedOver }
      },
      starting: { kind: 'stage', stage: 'loading' },
      onDeviceUse: (use) => this.#devices.entered(use),
      onLost,
      onIdleDeviceCrash: (error) => {
        this.#recovering = this.#crashedIdle(error)
      },
    })
  }

  get state(): HostState {
    return this.#calls.state
  }

  /** Bytes of the engine's own memory; 0 while it is not running. */
  get memory(): number {
    return this.#calls.memory
  }

  load(signal: AbortSignal, upcoming: UpcomingClips = []): Promise<ModelInfo> {
    return this.#ask({ kind: 'load', upcoming }, signal)
  }

  async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    const recovery = this.#devices.command((error) => this.#calls.end(error))
    // Only if necessary, because waiting would let a later call reach the process first.
    if (this.#recovering) await this.#recovering
    const failures = this.#unsaid.splice(0)
    // Not `yield*`, which waits even for an empty list: commands must reach the process in call order.
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
          // A further attempt repeats the stages of the previous one.
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
        // Without a notice another call has received the same failure; only an answer can show its notice.
        const untold = notice === null ? this.#unsaid.splice(0) : [notice]
        failures.push(...untold)
        for (const each of untold) yield each
      }
    }
  }

  async *timeText(conversation: string, request: TimeRequest, signal: AbortSignal): AsyncGenerator<TimeEvent, void> {
    const recovery = this.#devices.command((error) => this.#calls.end(error))
    for (const notice of this.#unsaid.splice(0)) yield notice
    for (;;) {
      try {
        const past = this.#transcripts.toRecall(conversation, this.#calls.alive)
        const events = this.#calls.events({ kind: 'time-text', conversation, past, request }, signal)
        let recalled = past === null
        for await (const event of events) {
          if (!recalled) this.#transcripts.recalled(conversation)
          recalled = true
          if (event.kind !== 'history' && event.kind !== 'delta' && event.kind !== 'done') yield event
        }
        await recovery.succeeded()
        return
      } catch (error) {
        const notice = await recovery.passOver(error)
        if (notice) yield notice
      }
    }
  }

  write(request: WriteRequest, signal: AbortSignal): Promise<WrittenText> {
    return this.#ask({ kind: 'write', request }, signal)
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

  /** Null without a process, because there is no model and no conversation. */
  async #ifAlive<T>(command: EngineCommand): Promise<T | null> {
    if (!this.#calls.alive) return null
    try {
      return await this.#calls.ask(command, new AbortController().signal)
    } catch (error) {
      // The process has ended since, and `onLost` was called.
      if (deviceFailureIn(error)) {
        await this.#passOver(error)
        return null
      }
      const { code } = asTarsierError(error)
      if (code !== 'engine-crashed' && code !== 'engine-hung') throw error
      return null
    }
  }

  /** A device crashed while no command was running. */
  async #crashedIdle(error: TarsierError): Promise<void> {
    const recovery = await this.#passOver(error)
    // Nothing else was running, so the device is to blame.
    await recovery.succeeded()
    this.#recovering = null
  }

  /** Excludes a device whose failure fails no call. A device chosen by name fails the next one. */
  async #passOver(error: unknown): Promise<CommandRecovery> {
    const recovery = this.#devices.command((reason) => this.#calls.end(reason))
    const notice = await recovery.passOver(error).catch(() => null) // the device was chosen by name, and is remembered
    if (notice) this.#unsaid.push(notice)
    return recovery
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

  /** One attempt at a turn. Updates the transcript. */
  async *#attempt(
    conversation: string,
    turn: TurnRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<HostEvent, { kind: 'scored' | 'timed' }>, void> {
    // A turn that contains all messages needs no history.
    const past = turn.kind === 'chat' ? null : this.#transcripts.toRecall(conversation, this.#calls.alive)
    const events = this.#calls.events({ kind: 'answer', conversation, past, turn }, signal)
    let loading = false
    let recalled = past === null
    for await (const event of events) {
      if (event.kind === 'scored' || event.kind === 'timed') continue
      // Only after the process was started, because its start clears the transcripts' state.
      if (!recalled) this.#transcripts.recalled(conversation)
      recalled = true
      if (event.kind === 'history') this.#transcripts.answerBegins(conversation, event.messages)
      else if (event.kind === 'delta') this.#transcripts.answerGrows(conversation, event.text)
      else if (event.kind === 'done') this.#transcripts.answerEnds(conversation, event.answer.text)
      const again = loading
      loading = event.kind === 'stage' && event.stage === 'loading'
      // The start of the process was reported already.
      if (!(again && loading)) yield event
    }
  }
}

/** An answer after several attempts, with the time of all attempts. */
function resumed(answer: Answer, { started, firstToken }: { started: number; firstToken: number }): Answer {
  const total = performance.now() - started
  return { ...answer, timings: { ...answer.timings, firstToken, generate: total - firstToken, total } }
}
