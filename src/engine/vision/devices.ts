import { listSupportedBackends } from 'onnxruntime-node'
import { hasNvidia, hasRenderNode } from '../../platform/gpu-presence.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { VisionPrecision } from '../../shared/model-manifest.ts'
import { type VisionDevice, visionDevices } from './types.ts'

const names: Readonly<Record<VisionDevice, string>> = { cuda: 'CUDA', dml: 'DirectML', coreml: 'CoreML', webgpu: 'WebGPU', cpu: 'CPU' }

export interface DeviceState {
  readonly device: VisionDevice
  /** Whether this platform's ONNX Runtime knows it at all; what it does not know is passed over in silence. */
  readonly carried: boolean
  /** A sentence that says why it cannot be tried here; null when it can. */
  readonly missing: string | null
}

/** Every device of the order, with what is known about it before anything is loaded. */
export function visionDeviceStates(): DeviceState[] {
  const carried = new Set(listSupportedBackends().map((backend) => backend.name))
  return visionDevices.map((device) => ({ device, carried: carried.has(device), missing: missing(device, carried) }))
}

/**
 * The same for a tower in a precision. Of one in int8 the GPUs' providers compute little themselves, and every layer would go
 * to the CPU and back: such a tower is for CPUs, and a GPU is used for it only where it is asked for by name.
 */
export function statesFor(precision: VisionPrecision, states: readonly DeviceState[] = visionDeviceStates()): readonly DeviceState[] {
  if (precision !== 'int8') return states
  return states.map((state) =>
    state.device === 'cpu' || state.missing !== null
      ? state
      : {
          ...state,
          missing: `${names[state.device]} is not used: this model's vision tower is in int8, which is for CPUs. Import it with its tower in f16 to use it there.`,
        },
  )
}

function missing(device: VisionDevice, carried: ReadonlySet<string>): string | null {
  if (device === 'cpu') return null
  if (!carried.has(device)) return `${names[device]} is not used: ONNX Runtime does not carry it for ${process.platform} ${process.arch}.`
  if (process.platform !== 'linux') return null
  // Without hardware, asking costs time, fills the terminal with the drivers' complaints, and may find a renderer that only pretends to be a GPU.
  if (device === 'cuda' && !hasNvidia()) return 'CUDA is not used: this machine has no NVIDIA GPU, or its driver is not loaded.'
  if (device === 'webgpu' && !hasNvidia() && !hasRenderNode())
    return 'WebGPU is not used: this machine has no GPU that graphics drivers know.'
  return null
}

/**
 * Opens on the first device that works, in the order CUDA, DirectML, CoreML, WebGPU, CPU; each one that this
 * platform might have is told by a sentence when it is passed over. A device that was asked for by name is tried alone, and `device-unavailable` when it cannot be had.
 * `open` must make a trial run: some devices fail only there.
 */
export async function openOnDevice<T>(
  choice: VisionDeviceChoice,
  signal: AbortSignal,
  open: (device: VisionDevice) => Promise<T>,
  states: readonly DeviceState[] = visionDeviceStates(),
): Promise<{ opened: T; device: VisionDevice; fallbacks: string[] }> {
  const fallbacks: string[] = []
  if (choice !== 'auto' && choice !== 'cpu') return { opened: await openNamed(choice, open, states), device: choice, fallbacks }
  for (const { device, carried, missing } of states) {
    if (device === 'cpu' || choice === 'cpu' || !carried) continue
    if (missing !== null) {
      fallbacks.push(missing)
      continue
    }
    signal.throwIfAborted()
    try {
      return { opened: await open(device), device, fallbacks }
    } catch (error) {
      // A damaged model is damaged on every device.
      if (isAbort(error) || error instanceof TarsierError) throw error
      fallbacks.push(`${names[device]} was tried for vision and failed: ${reason(error)}.`)
    }
  }
  signal.throwIfAborted()
  return { opened: await open('cpu'), device: 'cpu', fallbacks }
}

async function openNamed<T>(device: VisionDevice, open: (device: VisionDevice) => Promise<T>, states: readonly DeviceState[]): Promise<T> {
  const state = states.find((candidate) => candidate.device === device)
  const available = states
    .filter((candidate) => candidate.missing === null && candidate.device !== device)
    .map((candidate) => candidate.device)
  const advice = `Choose "auto" as the device, or one of: ${available.join(', ')}.`
  // A GPU that the checks overlooked may work all the same, so only what the library lacks is refused untried.
  try {
    return await open(device)
  } catch (error) {
    if (isAbort(error) || error instanceof TarsierError) throw error
    throw new TarsierError(
      'device-unavailable',
      `${names[device]} cannot be used for vision: ${reason(error)}. ${state?.missing ? `${state.missing} ` : ''}${advice}`,
      {
        cause: error,
        details: { device, available },
      },
    )
  }
}

/** ONNX Runtime's message without the source line and function that it begins with, on one line. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const plain = message
    .replace(/^\S+:\d+ .*? was false\. /s, '')
    .replace(/\s+/g, ' ')
    .trim()
  return plain.slice(0, 300).replace(/\.$/, '')
}
