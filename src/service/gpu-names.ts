import type { OnDeviceFailure } from '../engine/host/device-recovery.ts'
import { diagnoseInHost } from '../engine/host/diagnose-in-host.ts'
import { mayHaveGpu } from '../platform/gpu-presence.ts'
import type { NamedGpus } from '../shared/contract/system.ts'
import { isDeviceChoice, withGpu } from '../shared/devices.ts'

/** Names of the GPUs that llama.cpp finds. They are asked for once, because that starts every device. */
export class GpuNames implements AsyncDisposable {
  readonly #home: string
  readonly #onDeviceFailure: OnDeviceFailure
  readonly #stopping = new AbortController()
  #asked: Promise<readonly NamedGpus[]> | null = null

  constructor(home: string, onDeviceFailure: OnDeviceFailure) {
    this.#home = home
    this.#onDeviceFailure = onDeviceFailure
  }

  /** Devices that have several GPUs with different names. */
  async list(): Promise<readonly NamedGpus[]> {
    if (!mayHaveGpu()) return []
    const asked = this.#asked ?? this.#ask()
    this.#asked = asked
    try {
      return await asked
    } catch (error) {
      if (this.#asked === asked) this.#asked = null
      throw error
    }
  }

  /** The next call of {@link list} asks again, because other devices may be found. */
  forget(): void {
    this.#asked = null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#asked?.catch(() => {}) // its caller has received the error
  }

  async #ask(): Promise<readonly NamedGpus[]> {
    const { language } = await diagnoseInHost({ home: this.#home, onDeviceFailure: this.#onDeviceFailure }, this.#stopping.signal)
    return language.devices
      .map(({ name: device, gpus = [] }) => ({ device, names: [...new Set(gpus)].filter((gpu) => isDeviceChoice(withGpu(device, gpu))) }))
      .filter(({ names }) => names.length > 1)
  }
}
