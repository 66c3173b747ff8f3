import type { DeviceTest } from '../../shared/device-tests.ts'
import { phrase } from '../../shared/phrase.ts'

/** A device, one file of weights and one version of a runtime. Results of tests are valid only for this combination. */
export interface DeviceSubject extends Pick<DeviceTest, 'part' | 'device' | 'hardware' | 'runtime' | 'model'> {
  /** SHA-256 of the weights file, hex. */
  readonly weights: string
}

export type DevicePart = DeviceSubject['part']

/** A device with any model, for crashes of its driver that do not depend on a model. */
export function driverSubject(part: DevicePart, device: string, runtime: string): DeviceSubject {
  return { part, device, hardware: '', runtime, model: '', weights: '' }
}

/**
 * What a device is used for. `loading` includes the trial run and the self-test; `saving` is a copy of a conversation's state from or to the
 * device; `measuring` asks for its free memory; `closing` frees its memory; `probing` is the diagnosis.
 */
export type DeviceWork = 'loading' | 'answering' | 'saving' | 'measuring' | 'closing' | 'probing'

/** Use of a device by a process, with the fingerprint of its loaded graphics drivers. */
export interface DeviceUse {
  readonly subject: DeviceSubject
  readonly work: DeviceWork
  readonly drivers: string
}

/** Sent by the engine process before native code of a device runs, and with null after it has returned. */
export interface DeviceUseReport {
  readonly id: number
  readonly use: DeviceUse | null
}

/** A device that failed and that this client will not try again, regardless of stored results. */
export interface PassedOverDevice extends Pick<DeviceSubject, 'part' | 'device'> {
  /** Clause after the device's name, such as "it crashed (SIGSEGV)". */
  readonly why: string
}

export const partNames: Readonly<Record<DevicePart, string>> = { vision: phrase`vision tower`, language: phrase`language model` }
