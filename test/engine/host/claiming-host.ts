import { deviceFailed } from '../../../src/engine/devices/device-failure.ts'
import type { DeviceSupervision } from '../../../src/engine/devices/device-guard.ts'
import type { DeviceSubject } from '../../../src/engine/devices/device-use.ts'
import { Engine } from '../../../src/engine/engine.ts'
import type { EngineOptions, ModelInfo, TurnRequest } from '../../../src/engine/engine-client.ts'
import { serveEngine } from '../../../src/engine/host/serve-engine.ts'
import type { EngineEvent } from '../../../src/shared/engine-events.ts'

/**
 * An engine host on the CPU that claims to use a GPU, and crashes as `CLAIMING_HOST_DIES` says: "SIGSEGV loading", or "SIGABRT 3" to crash
 * after three pieces of an answer. With "failure" instead of a signal the device fails with an error. Does not crash when the GPU is
 * skipped.
 */
const [how = '', when = ''] = (process.env.CLAIMING_HOST_DIES ?? '').split(' ')
const subject: DeviceSubject = {
  part: 'language',
  device: 'vulkan',
  hardware: 'a GPU that is not there',
  runtime: 'llama.cpp',
  model: 'tiny',
  weights: 'some',
}

class ClaimingEngine extends Engine {
  readonly #gpu: boolean
  readonly #supervision: DeviceSupervision

  constructor(options: EngineOptions, supervision: DeviceSupervision) {
    super({ ...options, device: 'cpu' })
    this.#supervision = supervision
    this.#gpu = !supervision.passedOver.some(({ part, device }) => part === subject.part && device === subject.device)
  }

  override async load(signal: AbortSignal): Promise<ModelInfo> {
    if (this.#gpu && when === 'loading') await this.#die('loading')
    return super.load(signal)
  }

  override async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    if (this.#gpu && when === 'loading') await this.#die('loading')
    let pieces = 0
    for await (const event of super.answer(conversation, turn, signal)) {
      yield event
      if (event.kind !== 'delta') continue
      pieces += 1
      if (this.#gpu && pieces === Number(when)) await this.#die('answering')
    }
  }

  async #die(work: 'loading' | 'answering'): Promise<void> {
    await this.#supervision.report({ id: 1, use: { subject, work, drivers: 'none' } })
    if (how === 'failure') throw deviceFailed(subject, 'ErrorDeviceLost')
    process.kill(process.pid, how)
    await new Promise(() => {})
  }
}

serveEngine((options, supervision) => new ClaimingEngine(options, supervision))
