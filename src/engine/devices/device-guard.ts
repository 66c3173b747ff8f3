import type { TarsierError } from '../../shared/errors.ts'
import { deviceFailed, deviceOutOfMemory } from './device-failure.ts'
import type { DeviceTestStore } from './device-test-store.ts'
import { type DeviceSubject, type DeviceUseReport, type DeviceWork, driverSubject, type PassedOverDevice } from './device-use.ts'
import { graphicsFingerprint } from './graphics-fingerprint.ts'

/** Resolves when the report was sent, because the following native code may end the process. */
export type ReportDeviceUse = (report: DeviceUseReport) => Promise<void>

/** What a parent process contributes that recovers when a device ends the engine process. */
export interface DeviceSupervision {
  readonly passedOver: readonly PassedOverDevice[]
  readonly report: ReportDeviceUse
}

export interface DeviceGuardOptions extends Partial<DeviceSupervision> {
  /** Results of earlier self-tests and crashes; null uses devices without any test. */
  readonly tests: DeviceTestStore | null
}

/** Controls the use of devices other than the CPU: which must not be used, and reports before they are used. */
export class DeviceGuard {
  readonly tests: DeviceTestStore | null
  readonly #passedOver: readonly PassedOverDevice[]
  readonly #report: ReportDeviceUse
  #lastId = 0

  constructor({ tests, passedOver = [], report = async () => {} }: DeviceGuardOptions) {
    this.tests = tests
    this.#passedOver = passedOver
    this.#report = report
  }

  /** Why a device must not be tried, as a clause after its name; null if it may be. */
  async obstacle(subject: DeviceSubject): Promise<string | null> {
    const passedOver = this.#passedOver.find(({ part, device }) => part === subject.part && device === subject.device)
    if (passedOver) return passedOver.why
    for (const known of [subject, driverSubject(subject.part, subject.device, subject.runtime)]) {
      const test = await this.tests?.find(known)
      if (test && !test.passed) return test.detail
    }
    return null
  }

  use(subject: DeviceSubject): GuardedDevice {
    return new GuardedDevice(subject, async (work) => {
      this.#lastId += 1
      const id = this.#lastId
      await this.#report({ id, use: { subject, work, drivers: await graphicsFingerprint() } })
      return () => void this.#report({ id, use: null })
    })
  }
}

/** Runs native code that may use a device; without a guard, as on the CPU, it only runs. */
export function runGuarded<T>(device: GuardedDevice | null, work: DeviceWork, compute: () => Promise<T>): Promise<T> {
  return device ? device.run(work, compute) : compute()
}

/** A device other than the CPU, for the code that uses it. */
export class GuardedDevice {
  readonly subject: DeviceSubject
  readonly #report: (work: DeviceWork) => Promise<() => void>
  #depth = 0
  #entered: Promise<() => void> | null = null

  /** @param report reports that the device is entered; the returned function reports that it was left */
  constructor(subject: DeviceSubject, report: (work: DeviceWork) => Promise<() => void>) {
    this.subject = subject
    this.#report = report
  }

  /**
   * Must be called and awaited before native code of the device runs; call the returned function afterwards. Of nested calls only the
   * outermost one is reported.
   */
  async enter(work: DeviceWork): Promise<() => void> {
    this.#depth += 1
    this.#entered ??= this.#report(work)
    const reportLeft = await this.#entered
    return () => {
      this.#depth -= 1
      if (this.#depth > 0) return
      this.#entered = null
      reportLeft()
    }
  }

  async run<T>(work: DeviceWork, compute: () => Promise<T>): Promise<T> {
    const leave = await this.enter(work)
    try {
      return await compute()
    } finally {
      leave()
    }
  }

  /** See {@link deviceFailed}. */
  failed(reason: string, cause?: unknown): TarsierError {
    return deviceFailed(this.subject, reason, cause)
  }

  /** See {@link deviceOutOfMemory}. */
  outOfMemory(error: TarsierError): TarsierError {
    return deviceOutOfMemory(this.subject, error)
  }
}
