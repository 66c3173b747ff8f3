import { TarsierError } from '../../shared/errors.ts'
import { deviceFailureIn } from '../devices/device-failure.ts'
import type { DeviceUse } from '../devices/device-use.ts'
import { HostProcess } from './host-process.ts'

/** As editors do with their extension hosts: a process that dies this often will not get better by itself. */
const MAX_CRASHES = 3
const CRASH_WINDOW_MS = 5 * 60 * 1000

/** How a process is: `given-up` crashed or hung too often, and is not started again for a while. */
export type HostState = 'not-running' | 'ready' | 'working' | 'unresponsive' | 'given-up'

export interface HostCallsOptions<Command, Event> {
  /** What the process is in an error's sentence, such as "The engine". */
  readonly name: string
  /** The command that every new process gets before any other. Called when a process is started. */
  readonly first?: () => Command | null
  /** Told to whoever the process is started for, for it takes a second until it can say something itself. */
  readonly starting?: Event
  /** Called before a device's native code is entered. */
  readonly onDeviceUse?: (use: DeviceUse) => void
  /** Told of every crash and hang that no device is to blame for, whether or not anybody waited for an answer. */
  readonly onLost?: ((error: TarsierError) => void) | undefined
}

/**
 * Commands to a process of ours that may die of them, or hang. It is started at the first one; a crash or a hang fails what was running, and the next
 * command starts it anew.
 */
export class HostCalls<Command, Event> implements AsyncDisposable {
  readonly #program: string
  readonly #options: HostCallsOptions<Command, Event>
  #process: HostProcess<Command, Event> | null = null
  #crashes: number[] = []

  constructor(program: string, options: HostCallsOptions<Command, Event>) {
    this.#program = program
    this.#options = options
  }

  /** Whether there is a process now. */
  get alive(): boolean {
    return this.#process !== null
  }

  get state(): HostState {
    if (this.#process) return this.#process.unresponsive ? 'unresponsive' : this.#process.working ? 'working' : 'ready'
    return this.#recentCrashes().length >= MAX_CRASHES ? 'given-up' : 'not-running'
  }

  /** Ends the process, so that the next command starts another one; what is under way fails with the error. Not counted as a crash. */
  async end(error: TarsierError): Promise<void> {
    await this.#process?.end(error)
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

  /**
   * A command's events; its result is what the generator returns. Leaving the loop or aborting stops the work, and waits until it has stopped, the
   * watchdog's deadline at most.
   */
  async *events(command: Command, signal: AbortSignal): AsyncGenerator<Event, unknown> {
    signal.throwIfAborted()
    const { starting } = this.#options
    const startingNow = !this.alive && starting !== undefined
    const asked = this.#running().ask(command)
    const cancel = () => asked.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    let finished = false
    try {
      if (startingNow) yield starting
      for (;;) {
        const step = await asked.answers.next()
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
        await asked.answers.settled()
      }
      asked.forget()
    }
  }

  #running(): HostProcess<Command, Event> {
    if (this.#process) return this.#process
    const { name, first, onDeviceUse, onLost } = this.#options
    this.#crashes = this.#recentCrashes()
    if (this.#crashes.length >= MAX_CRASHES) {
      throw new TarsierError(
        'engine-crashed',
        `${name} crashed or hung ${this.#crashes.length} times within five minutes and is not started again. Choose the CPU as its device; if that does not help either, report it.`,
      )
    }
    const onGone = (error: TarsierError) => {
      if (this.#process !== started) return
      this.#process = null
      // Another device may do: that says nothing about the process.
      if (deviceFailureIn(error)) return
      this.#crashes.push(Date.now())
      onLost?.(error)
    }
    const started: HostProcess<Command, Event> = new HostProcess(this.#program, name, onGone, onDeviceUse)
    this.#process = started
    const command = first?.()
    if (command) started.tell(command)
    return started
  }

  #recentCrashes(): number[] {
    return this.#crashes.filter((time) => Date.now() - time < CRASH_WINDOW_MS)
  }
}
