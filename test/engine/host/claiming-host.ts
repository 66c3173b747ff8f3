import { deviceFailed } from '../../../src/engine/devices/device-failure.ts'
import type { DeviceSupervision } from '../../../src/engine/devices/device-guard.ts'
import { type DeviceSubject, type DeviceWork, driverSubject } from '../../../src/engine/devices/device-use.ts'
import { diagnose, probeDevice } from '../../../src/engine/diagnosis.ts'
import { Engine } from '../../../src/engine/engine.ts'
import type { EngineOptions, ModelInfo, NextQuestion, RunStart, TurnRequest } from '../../../src/engine/engine-client.ts'
import { serveEngine } from '../../../src/engine/host/serve-engine.ts'
import type { EngineEvent } from '../../../src/shared/engine-events.ts'

/**
 * An engine host on the CPU that claims to use a GPU, and crashes as `CLAIMING_HOST_DIES` says: "SIGSEGV loading", "SIGABRT 3" to crash
 * after three pieces of an answer, "SIGSEGV idle" after an answer, "SIGSEGV run-start" when the free memory is read, and "SIGSEGV
 * diagnosis". With "failure" instead of a signal the device fails with an error; with SIGSTOP it hangs. Does not crash when the GPU is skipped.
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
    // The process dies after its last message about this answer was received.
    if (this.#gpu && when === 'idle') setTimeout(() => void this.#die('saving'), 100)
  }

  override async runStart(question: NextQuestion): Promise<RunStart | null> {
    if (this.#gpu && when === 'run-start') await this.#die('measuring')
    return super.runStart(question)
  }

  async #die(work: DeviceWork): Promise<void> {
    await this.#supervision.report({ id: 1, use: { subject, work, drivers: 'none' } })
    if (how === 'failure') throw deviceFailed(subject, 'ErrorDeviceLost')
    process.kill(process.pid, how)
    await new Promise(() => {})
  }
}

serveEngine(
  (options, supervision) => new ClaimingEngine(options, supervision),
  async (guard, signal) => {
    const driver = driverSubject(subject.part, subject.device, subject.runtime)
    const claimed = await probeDevice(guard, driver, async () => {
      if (when === 'diagnosis') process.kill(process.pid, how)
      return { detail: 'works', gpus: [subject.hardware] }
    })
    const { language, ...others } = await diagnose(guard, signal)
    return { ...others, language: { ...language, devices: [claimed, ...language.devices.filter(({ name }) => name !== claimed.name)] } }
  },
)
