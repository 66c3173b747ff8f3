import { ownMemory } from '../../platform/memory-limit.ts'
import { assertNever, type ErrorData, TarsierError } from '../../shared/errors.ts'
import { counted } from '../../shared/size-text.ts'
import { type ChildEnd, childEntry, NodeChild } from '../child-process.ts'
import { deviceCrashed, deviceHung } from '../devices/device-failure.ts'
import type { DeviceUse } from '../devices/device-use.ts'
import { EventQueue } from './event-queue.ts'
import type { FromHost, ToHost } from './protocol.ts'
import { BEATS, deadlineMs } from './watchdog.ts'

/** Missed pings after which a process counts as unresponsive. */
const UNRESPONSIVE = 3

/** A running command. */
export interface PendingCall<Event> {
  readonly answers: EventQueue<Event>
  /** Cancels the command. If it does not stop within the deadline, the process is ended. */
  cancel(): void
  /** Removes the command. Call only after it has settled. */
  forget(): void
}

interface Pending<Event> {
  readonly answers: EventQueue<Event>
  /** Pings since the cancel; null before it. */
  stopping: number | null
}

/**
 * A process that serves commands, from the fork to its exit. It is pinged while commands run; see `watchdog.ts`. `onGone` is called exactly once:
 * with the error of the device that was in use when it crashed or stopped responding, or with `engine-crashed` or `engine-hung`, unless the process was asked to stop.
 */
export class HostProcess<Command, Event> {
  readonly #child: NodeChild<ToHost<Command>, FromHost<Event>>
  readonly #name: string
  readonly #pending = new Map<number, Pending<Event>>()
  /** Devices in use; the most recently entered one is last. */
  readonly #uses = new Map<number, DeviceUse>()
  readonly #onDeviceUse: (use: DeviceUse) => void
  #deadline: number | null = null
  #beating: NodeJS.Timeout | null = null
  #missed = 0
  /** Why this side ended it. */
  #endedBy: TarsierError | null = null
  #nextId = 1

  /** @param name name of the process in error messages, such as "The engine" */
  constructor(program: string, name: string, onExit: (error: TarsierError) => void, onDeviceUse: (use: DeviceUse) => void = () => {}) {
    this.#name = name
    this.#onDeviceUse = onDeviceUse
    this.#child = new NodeChild(
      childEntry(import.meta.url, program),
      (message: FromHost<Event>) => this.#receive(message),
      (end) => {
        const error = this.#endedBy ?? (end.stopRequested ? new TarsierError('internal', `${name} was stopped.`) : this.#crash(end))
        onExit(error)
        for (const { answers } of this.#pending.values()) answers.push({ kind: 'failed', error })
        this.#rest()
      },
    )
  }

  /** Bytes of its own memory; see {@link ownMemory}. */
  get memory(): number {
    const { pid } = this.#child
    return pid === undefined ? 0 : ownMemory(pid)
  }

  get working(): boolean {
    return this.#pending.size > 0
  }

  /** Whether several pings in a row were not answered. */
  get unresponsive(): boolean {
    return this.#missed >= UNRESPONSIVE
  }

  /** Sends a command without waiting for its result. */
  send(command: Command): void {
    this.#child.send({ kind: 'command', id: 0, command })
  }

  ask(command: Command): PendingCall<Event> {
    const id = this.#nextId++
    const pending: Pending<Event> = { answers: new EventQueue(), stopping: null }
    this.#pending.set(id, pending)
    this.#watch()
    this.#child.send({ kind: 'command', id, command })
    return {
      answers: pending.answers,
      cancel: () => {
        pending.stopping ??= 0
        this.#child.send({ kind: 'cancel', id })
      },
      forget: () => {
        this.#pending.delete(id)
        if (this.#pending.size === 0) this.#rest()
      },
    }
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  /** Kills the process. Running commands fail with the error. */
  async end(error: TarsierError): Promise<void> {
    this.#endedBy ??= error
    await this.#child.kill()
  }

  /** Kills it because it hangs, and stores that as a crash report. */
  #endHung(error: TarsierError): void {
    this.#endedBy ??= error
    void this.#child.kill(error.message)
  }

  #receive(message: FromHost<Event>): void {
    this.#missed = 0
    switch (message.kind) {
      case 'alive':
        if (message.step && message.step.beats > BEATS) this.#endHung(lasting(this.#name, message.step.what, this.#deadline))
        return
      case 'device-use': {
        const { id, use } = message.report
        if (use === null) this.#uses.delete(id)
        else {
          this.#uses.set(id, use)
          this.#onDeviceUse(use)
        }
        return
      }
      case 'failed':
        this.#pending.get(message.id)?.answers.push({ kind: 'failed', error: reviveError(message.error) })
        return
      case 'event':
      case 'result':
        this.#pending.get(message.id)?.answers.push(message)
        return
      default:
        assertNever(message, 'message')
    }
  }

  /** Counts pings instead of measuring time, so that a suspended machine or a busy parent does not look like a hang. */
  #watch(): void {
    if (this.#beating) return
    this.#deadline = deadlineMs()
    if (this.#deadline !== null) this.#beating = setInterval(() => this.#beat(), this.#deadline / BEATS)
  }

  #rest(): void {
    if (this.#beating) clearInterval(this.#beating)
    this.#beating = null
    this.#missed = 0
  }

  #beat(): void {
    if (this.#missed >= BEATS) this.#endHung(this.#silent())
    for (const pending of this.#pending.values()) {
      if (pending.stopping === null) continue
      pending.stopping += 1
      if (pending.stopping > BEATS) this.#endHung(unstoppable(this.#name, this.#deadline))
    }
    this.#missed += 1
    this.#child.send({ kind: 'ping' })
  }

  /** The main thread answers while a device computes, so a device in use is the likely cause. */
  #silent(): TarsierError {
    const use = [...this.#uses.values()].at(-1)
    return use ? deviceHung(use, (this.#deadline ?? 0) / 1000) : silent(this.#name, this.#deadline)
  }

  #crash(end: ChildEnd): TarsierError {
    const use = end.crashed ? [...this.#uses.values()].at(-1) : undefined
    return use ? deviceCrashed(use, end.why, end.lastLine) : crashed(this.#name, end)
  }
}

function crashed(name: string, { why, lastLine, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'engine-crashed',
    `${name} stopped unexpectedly (${why}) and will be restarted. If this happens again with the same file or model, choose the CPU as the device or fewer frames, and report the problem.`,
    { cause, details: { why, said: lastLine } },
  )
}

function silent(name: string, deadline: number | null): TarsierError {
  return hung(
    'silent',
    deadline,
    `${name} did not respond for ${seconds(deadline)}, was stopped and will be restarted. If this happens again with the same file or model, choose the CPU as the device or fewer frames, and report the problem.`,
  )
}

function lasting(name: string, what: string, deadline: number | null): TarsierError {
  return hung(
    'step',
    deadline,
    `${what} did not finish within ${seconds(deadline)}, so ${lowerCase(name)} was stopped and will be restarted. Check that the file is a regular file on a disk that responds. If it is, the file may be damaged: convert it first.`,
  )
}

function unstoppable(name: string, deadline: number | null): TarsierError {
  return hung(
    'stopping',
    deadline,
    `${name} did not stop within ${seconds(deadline)} after the request to stop, and was killed. It will be restarted with the next request.`,
  )
}

function hung(why: string, deadline: number | null, message: string): TarsierError {
  return new TarsierError('engine-hung', message, { details: { why, seconds: (deadline ?? 0) / 1000 } })
}

function seconds(deadline: number | null): string {
  return counted((deadline ?? 0) / 1000, 'second')
}

function lowerCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

/** Restores an error from the plain data of the other process. */
function reviveError(error: ErrorData | 'aborted'): Error {
  return error === 'aborted' ? new DOMException('The operation was aborted.', 'AbortError') : TarsierError.fromData(error)
}
