import { listSupportedBackends } from 'onnxruntime-node'
import { hasNvidia, hasRenderNode } from '../../platform/gpu-presence.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { VisionPrecision } from '../../shared/model-manifest.ts'
import { type VisionDevice, visionDevices } from './types.ts'

const names: Readonly<Record<VisionDevice, string>> = { cuda: 'CUDA', dml: 'DirectML', coreml: 'CoreML', webgpu: 'WebGPU', cpu: 'CPU' }

export interface DeviceState {
  readonly device: VisionDevice
  /** Whether this platform's ONNX Runtime supports the device; unsupported devices are skipped without a notice. */
  readonly carried: boolean
  /** Reason why the device cannot be tried, as a sentence; null if it can. */
  readonly missing: string | null
}

/** All devices in order of preference, with their availability before anything is loaded. */
export function visionDeviceStates(): DeviceState[] {
  const carried = new Set(listSupportedBackends().map((backend) => backend.name))
  return visionDevices.map((device) => ({ device, carried: carried.has(device), missing: missing(device, carried) }))
}

/**
 * Like {@link visionDeviceStates} for a tower in a precision. The GPU providers run few int8 operators, so that every layer would be
 * transferred to the CPU and back: int8 towers are for CPUs, and use a GPU only if it is requested explicitly.
 */
export function statesFor(precision: VisionPrecision, states: readonly DeviceState[] = visionDeviceStates()): readonly DeviceState[] {
  if (precision !== 'int8') return states
  return states.map((state) =>
    state.device === 'cpu' || state.missing !== null
      ? state
      : {
          ...state,
          missing: `${names[state.device]} is not used because the int8 vision tower of this model only runs on the CPU. Import the model with the vision precision f16 to use it.`,
        },
  )
}

function missing(device: VisionDevice, carried: ReadonlySet<string>): string | null {
  if (device === 'cpu') return null
  if (!carried.has(device))
    return `${names[device]} is not used because ONNX Runtime does not include it for ${process.platform} ${process.arch}.`
  if (process.platform !== 'linux') return null
  // Without a GPU, loading a provider takes time, prints driver errors to the terminal, and may select a software renderer.
  if (device === 'cuda' && !hasNvidia()) return 'CUDA is not used because this machine has no NVIDIA GPU, or its driver is not loaded.'
  if (device === 'webgpu' && !hasNvidia() && !hasRenderNode()) return 'WebGPU is not used because no GPU with a graphics driver was found.'
  return null
}

/**
 * Opens on the first device that works, in the order CUDA, DirectML, CoreML, WebGPU, CPU. For each supported device that is skipped,
 * `fallbacks` contains a sentence. If a device is requested explicitly, only that one is tried; throws `device-unavailable` if it cannot be
 * used.
 * `open` must include a trial run, because some devices fail only then.
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
      // A damaged model fails on every device.
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
  // Try the device even if the checks found no GPU, because they can be wrong.
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

/** ONNX Runtime's message on one line, without the source location and function at its start. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const plain = message
    .replace(/^\S+:\d+ .*? was false\. /s, '')
    .replace(/\s+/g, ' ')
    .trim()
  return plain.slice(0, 300).replace(/\.$/, '')
}
