import type { TarsierError } from '../../shared/errors.ts'
import { deviceFailed, deviceOutOfMemory } from './device-failure.ts'
import type { DeviceTestStore } from './device-test-store.ts'
import type { DeviceSubject, DeviceUseReport, DeviceWork, PassedOverDevice } from './device-use.ts'
import { graphicsFingerprint } from './graphics-fingerprint.ts'

/** Resolves once the report has left the process, because the native code that follows may end it. */
export type ReportDeviceUse = (report: DeviceUseReport) => Promise<void>

/** What the parent of an engine's process, which goes on when a device ends that process, contributes. */
export interface DeviceSupervision {
  readonly passedOver: readonly PassedOverDevice[]
  readonly report: ReportDeviceUse
}

export interface DeviceGuardOptions extends Partial<DeviceSupervision> {
  /** Results of earlier self-tests and crashes; null uses devices without any test. */
  readonly tests: DeviceTestStore | null
}

/** What stands between a model and the devices other than the CPU: which are not to be used, and who learns when one of them ends the process. */
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

  /** Why a device is not even to be tried, as a clause after its name; null when nothing is known against it. */
  async obstacle(subject: DeviceSubject): Promise<string | null> {
    const passedOver = this.#passedOver.find(({ part, device }) => part === subject.part && device === subject.device)
    if (passedOver) return passedOver.why
    const test = (await this.tests?.find(subject)) ?? null
    return test === null || test.passed ? null : test.detail
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

/** A device other than the CPU, for the code that computes on it. */
export class GuardedDevice {
  readonly subject: DeviceSubject
  readonly #report: (work: DeviceWork) => Promise<() => void>
  #depth = 0
  #entered: Promise<() => void> | null = null

  /** @param report reports that the device is entered; what it returns reports that it was left */
  constructor(subject: DeviceSubject, report: (work: DeviceWork) => Promise<() => void>) {
    this.subject = subject
    this.#report = report
  }

  /**
   * To be called, and awaited, before native code of the device is entered; the function returned, after that. Of calls within one another only the
   * outermost is reported.
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
  failed(said: string, cause?: unknown): TarsierError {
    return deviceFailed(this.subject, said, cause)
  }

  /** See {@link deviceOutOfMemory}. */
  outOfMemory(error: TarsierError): TarsierError {
    return deviceOutOfMemory(this.subject, error)
  }
}
