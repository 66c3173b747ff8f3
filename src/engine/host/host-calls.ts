import { TarsierError } from '../../shared/errors.ts'
import { deviceFailureIn } from '../devices/device-failure.ts'
import type { DeviceUse } from '../devices/device-use.ts'
import { HostProcess } from './host-process.ts'

/** As in editors with extension hosts: a process that crashes this often will not recover by itself. */
const MAX_CRASHES = 3
const CRASH_WINDOW_MS = 5 * 60 * 1000

/** State of a process. `given-up`: it crashed or hung too often and is not restarted for a while. */
export type HostState = 'not-running' | 'ready' | 'working' | 'unresponsive' | 'given-up'

export interface HostCallsOptions<Command, Event> {
  /** Name of the process in error messages, such as "The engine". */
  readonly name: string
  /** Returns the first command of every new process. */
  readonly first?: () => Command | null
  /** Event for the caller for whom the process is started, because the start takes a second. */
  readonly starting?: Event
  /** Called before native code of a device runs. */
  readonly onDeviceUse?: (use: DeviceUse) => void
  /** Called for every crash and hang that was not caused by a device, even if no command was running. */
  readonly onLost?: ((error: TarsierError) => void) | undefined
  /** Called for a crash that a device caused while no command was running, so that no caller receives the error. */
  readonly onIdleDeviceCrash?: (error: TarsierError) => void
}

/**
 * Sends commands to a child process that may crash or hang. The process is started for the first command, unless it was before; after a crash or hang the running commands
 * fail, and the next command starts a new process.
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

  /** Whether the process is running. */
  get alive(): boolean {
    return this.#process !== null
  }

  /** Bytes of the process's own memory; 0 while it is not running. */
  get memory(): number {
    return this.#process?.memory ?? 0
  }

  get state(): HostState {
    if (this.#process) return this.#process.unresponsive ? 'unresponsive' : this.#process.working ? 'working' : 'ready'
    return this.#recentCrashes().length >= MAX_CRASHES ? 'given-up' : 'not-running'
  }

  /** Starts the process, so that the next command need not wait for it. Does nothing if it runs, or crashed too often. */
  start(): void {
    if (this.state === 'not-running') this.#running()
  }

  /** Ends the process, so that the next command starts a new one. Running commands fail with the error. Does not count as a crash. */
  async end(error: TarsierError): Promise<void> {
    await this.#process?.end(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopping = this.#process
    this.#process = null
    await stopping?.stop()
  }

  /** Returns the result of a command, and ignores its events. */
  async ask<T>(command: Command, signal: AbortSignal): Promise<T> {
    const steps = this.events(command, signal)
    for (;;) {
      const next = await steps.next()
      // The host is from the same build, so results have the type of the command.
      if (next.done === true) return next.value as T
    }
  }

  /**
   * Events of a command; the generator returns its result. Leaving the loop or aborting stops the work and waits until it has stopped, at most for
   * the watchdog's deadline.
   */
  async *events(command: Command, signal: AbortSignal): AsyncGenerator<Event, unknown> {
    signal.throwIfAborted()
    const { starting } = this.#options
    const startingNow = !this.alive && starting !== undefined
    const call = this.#running().ask(command)
    const cancel = () => call.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    let finished = false
    try {
      if (startingNow) yield starting
      for (;;) {
        const step = await call.answers.next()
        if (step.kind === 'event') {
          yield step.event
          continue
        }
        finished = true
        if (step.kind === 'failed') {
          // Ctrl-C may end the process before it can confirm the cancel.
          signal.throwIfAborted()
          throw step.error
        }
        return step.value
      }
    } finally {
      signal.removeEventListener('abort', cancel)
      if (!finished) {
        // The consumer left the loop: stop the work, and wait before the next command.
        cancel()
        await call.answers.settled()
      }
      call.forget()
    }
  }

  #running(): HostProcess<Command, Event> {
    if (this.#process) return this.#process
    const { name, first, onDeviceUse, onLost, onIdleDeviceCrash } = this.#options
    this.#crashes = this.#recentCrashes()
    if (this.#crashes.length >= MAX_CRASHES) {
      throw new TarsierError(
        'engine-crashed',
        `${name} crashed or hung ${this.#crashes.length} times within five minutes and is not restarted. Choose the CPU as the device. If that does not help, report the problem.`,
      )
    }
    const onExit = (error: TarsierError) => {
      if (this.#process !== started) return
      this.#process = null
      // A failed device does not count, because another device may work.
      if (deviceFailureIn(error)) {
        if (!started.working) onIdleDeviceCrash?.(error)
        return
      }
      this.#crashes.push(Date.now())
      onLost?.(error)
    }
    const started: HostProcess<Command, Event> = new HostProcess(this.#program, name, onExit, onDeviceUse)
    this.#process = started
    const command = first?.()
    if (command) started.send(command)
    return started
  }

  #recentCrashes(): number[] {
    return this.#crashes.filter((time) => Date.now() - time < CRASH_WINDOW_MS)
  }
}
