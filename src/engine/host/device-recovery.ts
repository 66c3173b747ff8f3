import { partDevices } from '../../shared/devices.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { asTarsierError, type TarsierError } from '../../shared/errors.ts'
import { type DeviceFailure, deviceFailureIn } from '../devices/device-failure.ts'
import { DeviceTestStore } from '../devices/device-test-store.ts'
import { type DevicePart, type DeviceUse, type PassedOverDevice, partNames } from '../devices/device-use.ts'
import type { EngineOptions } from '../engine-client.ts'

export type Notice = Extract<EngineEvent, { kind: 'notice' }>

/** Remembers devices that crashed or failed, and which of them the engine's next process is not to use. */
export class DeviceRecovery {
  readonly #device: EngineOptions['device']
  readonly #tests: DeviceTestStore
  readonly #passedOver: PassedOverDevice[] = []
  readonly #lastUses = new Map<DevicePart, DeviceUse>()

  constructor({ device, home }: Pick<EngineOptions, 'device' | 'home'>) {
    this.#device = device
    this.#tests = new DeviceTestStore(home)
  }

  get passedOver(): readonly PassedOverDevice[] {
    return [...this.#passedOver]
  }

  entered(use: DeviceUse): void {
    this.#lastUses.set(use.subject.part, use)
  }

  /** @param endProcess ends the engine's process if it lives; after a device was lost it is of no use */
  command(endProcess: (error: TarsierError) => Promise<void>): CommandRecovery {
    return new CommandRecovery(this, endProcess)
  }

  /** Whether a part goes on to its next device when one fails. */
  chooses(part: DevicePart): boolean {
    return partDevices(this.#device)?.[part] === 'auto'
  }

  /** Returns false where the device is passed over already, for another command of the same process. */
  passOver({ part, device, why }: DeviceFailure): boolean {
    if (this.#passedOver.some((other) => other.part === part && other.device === device)) return false
    this.#passedOver.push({ part, device, why })
    return true
  }

  /** The use in which a device failed; null where nobody reported one. */
  lastUseOf({ part, device }: DeviceFailure): DeviceUse | null {
    const use = this.#lastUses.get(part)
    return use?.subject.device === device ? use : null
  }

  async remember({ subject, drivers }: DeviceUse, { why }: DeviceFailure): Promise<void> {
    await this.#tests.record(subject, { passed: false, crashed: true, detail: why }, drivers)
  }
}

/** The attempts at one command. Every device can fail it once. */
export class CommandRecovery {
  readonly #devices: DeviceRecovery
  readonly #endProcess: (error: TarsierError) => Promise<void>
  readonly #failed = new Set<string>()
  readonly #unconfirmed: (() => Promise<void>)[] = []

  constructor(devices: DeviceRecovery, endProcess: (error: TarsierError) => Promise<void>) {
    this.#devices = devices
    this.#endProcess = endProcess
  }

  /**
   * After this the command can be tried again without the device that failed. Throws the error where no device is to blame, or where the device was
   * chosen by name.
   * @returns a notice; null where another command's attempt gave it
   */
  async passOver(error: unknown): Promise<Notice | null> {
    const failure = deviceFailureIn(error)
    if (failure === null) throw error
    const use = this.#devices.lastUseOf(failure)
    const remember = async () => {
      // A device that had too little memory for this may do for other work.
      if (use && !failure.memory) await this.#devices.remember(use, failure)
    }
    if (!this.#devices.chooses(failure.part)) {
      await remember()
      throw error
    }
    const name = `${failure.part} ${failure.device}`
    if (this.#failed.has(name)) throw error
    this.#failed.add(name)
    if (!this.#devices.passOver(failure)) return null
    await this.#endProcess(asTarsierError(error))
    // In an answer a decoder may have crashed beside the device: only when all goes well without the device, it was the device.
    if (use?.work === 'answering') this.#unconfirmed.push(remember)
    else await remember()
    return noticeOf(failure)
  }

  /** The command succeeded. */
  async succeeded(): Promise<void> {
    for (const remember of this.#unconfirmed.splice(0)) await remember()
  }
}

function noticeOf({ part, device, why, memory }: DeviceFailure): Notice {
  const text = `"${device}" is no longer used for the ${partNames[part]}: ${why}. The next device goes on`
  if (memory) return { kind: 'notice', text: `${text}; this one is tried again when the model is loaded again.` }
  return {
    kind: 'notice',
    text: `${text}; this one is tried again when its driver changes or when you ask for it.`,
    remedy: 'retry-devices',
  }
}
