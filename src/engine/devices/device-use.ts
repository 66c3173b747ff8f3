import type { DeviceTest } from '../../shared/device-tests.ts'

/** A device with one file of weights, as one version of a runtime computes on it. What is known about a device holds for exactly this. */
export interface DeviceSubject extends Pick<DeviceTest, 'part' | 'device' | 'hardware' | 'runtime' | 'model'> {
  /** sha256 of the weights' file, hex. */
  readonly weights: string
}

export type DevicePart = DeviceSubject['part']

/** `loading` includes the trial run and the self-test. */
export type DeviceWork = 'loading' | 'answering'

/** What a process does on a device, with the fingerprint of the graphics drivers that it has loaded. */
export interface DeviceUse {
  readonly subject: DeviceSubject
  readonly work: DeviceWork
  readonly drivers: string
}

/** Said by the engine's process before it enters a device's native code, and with null after it has come back. */
export interface DeviceUseReport {
  readonly id: number
  readonly use: DeviceUse | null
}

/** A device that failed and is not to be tried again by this client, whatever is remembered of it. */
export interface PassedOverDevice extends Pick<DeviceSubject, 'part' | 'device'> {
  /** As a clause after the device's name, e.g. "it crashed (SIGSEGV)". */
  readonly why: string
}

export const partNames: Readonly<Record<DevicePart, string>> = { vision: 'vision tower', language: 'language model' }
