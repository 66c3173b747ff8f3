import type { DeviceFailure } from '../engine/devices/device-failure.ts'

/** How often a device failed for a part of a model since the start. */
export interface DeviceFailureCount extends Pick<DeviceFailure, 'part' | 'device'> {
  /** Crashes and failures; a memory that was too small is none. */
  readonly failures: number
  /** How often the part went on with its next device, also because the memory was too small. */
  readonly fallbacks: number
}

/** Counts failures of devices. */
export class DeviceFailures {
  readonly #counts = new Map<string, DeviceFailureCount>()

  add({ part, device, memory }: DeviceFailure, next: boolean): void {
    const name = `${part} ${device}`
    const { failures, fallbacks } = this.#counts.get(name) ?? { failures: 0, fallbacks: 0 }
    this.#counts.set(name, { part, device, failures: failures + (memory ? 0 : 1), fallbacks: fallbacks + (next ? 1 : 0) })
  }

  get all(): readonly DeviceFailureCount[] {
    return [...this.#counts.values()]
  }
}
