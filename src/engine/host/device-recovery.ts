import { partDevices } from '../../shared/devices.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { asTarsierError, type TarsierError } from '../../shared/errors.ts'
import { type DeviceFailure, deviceFailureIn } from '../devices/device-failure.ts'
import { DeviceTestStore } from '../devices/device-test-store.ts'
import { type DevicePart, type DeviceUse, type PassedOverDevice, partNames } from '../devices/device-use.ts'
import type { EngineOptions } from '../engine-client.ts'

export type Notice = Extract<EngineEvent, { kind: 'notice' }>

/** Called once for every failure of a device. `next` is whether the part goes on with its next device. */
export type OnDeviceFailure = (failure: DeviceFailure, next: boolean) => void

/** Records devices that crashed or failed, and which of them the next engine process must not use. */
export class DeviceRecovery {
  readonly #device: EngineOptions['device']
  readonly #tests: DeviceTestStore
  readonly #onFailure: OnDeviceFailure
  readonly #passedOver: PassedOverDevice[] = []
  readonly #lastUses = new Map<DevicePart, DeviceUse>()
  /** Errors of devices chosen by name that were reported. Commands that fail by the same crash have the same error. */
  readonly #reported = new WeakSet<object>()

  constructor({ device, home }: Pick<EngineOptions, 'device' | 'home'>, onFailure: OnDeviceFailure = () => {}) {
    this.#device = device
    this.#tests = new DeviceTestStore(home)
    this.#onFailure = onFailure
  }

  get passedOver(): readonly PassedOverDevice[] {
    return [...this.#passedOver]
  }

  entered(use: DeviceUse): void {
    this.#lastUses.set(use.subject.part, use)
  }

  /** @param endProcess ends the engine process, which is unusable after a lost device */
  command(endProcess: (error: TarsierError) => Promise<void>): CommandRecovery {
    return new CommandRecovery(this, endProcess)
  }

  /** Whether a part uses its next device after a failure. */
  chooses(part: DevicePart): boolean {
    return partDevices(this.#device)?.[part] === 'auto'
  }

  /** Returns false if the device was excluded already by another command of the same process. */
  passOver(failure: DeviceFailure): boolean {
    const { part, device, why } = failure
    if (this.#passedOver.some((other) => other.part === part && other.device === device)) return false
    this.#passedOver.push({ part, device, why })
    this.#onFailure(failure, true)
    return true
  }

  /** A device chosen by name failed, so that no other one is used. */
  refuse(failure: DeviceFailure, error: TarsierError): void {
    if (this.#reported.has(error)) return
    this.#reported.add(error)
    this.#onFailure(failure, false)
  }

  /** The device use that failed; null if none was reported. */
  lastUseOf({ part, device }: DeviceFailure): DeviceUse | null {
    const use = this.#lastUses.get(part)
    return use?.subject.device === device ? use : null
  }

  async remember({ subject, drivers }: DeviceUse, { why }: DeviceFailure): Promise<void> {
    await this.#tests.record(subject, { passed: false, crashed: true, detail: why }, drivers)
  }
}

/** Attempts at one command. Each device can fail it once. */
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
   * Excludes the failed device, so that the command can be retried. Rethrows the error if no device caused it, or if the device was
   * selected by name.
   * @returns a notice; null if another command's attempt has returned it
   */
  async passOver(error: unknown): Promise<Notice | null> {
    const failure = deviceFailureIn(error)
    if (failure === null) throw error
    const use = this.#devices.lastUseOf(failure)
    const remember = async () => {
      // A device with too little memory for this command may still work for others.
      if (use && !failure.memory) await this.#devices.remember(use, failure)
    }
    if (!this.#devices.chooses(failure.part)) {
      this.#devices.refuse(failure, asTarsierError(error))
      await remember()
      throw error
    }
    const name = `${failure.part} ${failure.device}`
    if (this.#failed.has(name)) throw error
    this.#failed.add(name)
    // During an answer a decoder may have crashed instead of the device. The device is blamed only if the answer succeeds without it.
    const uncertain = use?.work === 'answering'
    if (uncertain) this.#unconfirmed.push(remember)
    if (!this.#devices.passOver(failure)) return null
    await this.#endProcess(asTarsierError(error))
    if (!uncertain) await remember()
    return noticeOf(failure)
  }

  /** The command succeeded. */
  async succeeded(): Promise<void> {
    for (const remember of this.#unconfirmed.splice(0)) await remember()
  }
}

function noticeOf({ part, device, why, memory }: DeviceFailure): Notice {
  const text = `"${device}" is no longer used for the ${partNames[part]}: ${why}. The next device continues`
  if (memory) return { kind: 'notice', text: `${text}. It is tried again when the model is loaded again.` }
  return {
    kind: 'notice',
    text: `${text}. It is tried again when its driver changes or when you retry failed devices.`,
    remedy: 'retry-devices',
  }
}
