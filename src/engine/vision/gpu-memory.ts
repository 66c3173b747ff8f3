import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { megabytesText } from '../../shared/size-text.ts'
import type { DeviceGuard } from '../devices/device-guard.ts'
import { type DeviceState, statesFor } from './devices.ts'
import { visionSubject } from './results-key.ts'
import type { VisionDevice } from './types.ts'

/** Memory of the GPU for a tower, in bytes. */
export interface TowerGpuMemory {
  /** What the tower needs to encode a frame of its largest size. */
  readonly needed: number
  /** The most that any GPU of this machine has free now, because ONNX Runtime does not say which one it uses; null if unknown. */
  free(): Promise<number | null>
}

/** Devices that use the memory of such a GPU. CoreML is none of them: it chooses between GPU, CPU and the neural engine itself. */
const GPU_DEVICES: readonly string[] = ['cuda', 'dml', 'webgpu'] satisfies VisionDevice[]

/** Whether a tower will use the memory of such a GPU, as far as that is known before it is opened. */
export async function mayUseGpu(
  manifest: ModelManifest,
  choice: VisionDeviceChoice,
  guard: Pick<DeviceGuard, 'obstacle'>,
  states: readonly DeviceState[] = statesFor(manifest.vision.precision),
): Promise<boolean> {
  for (const { device, carried, missing } of states) {
    if (choice === 'auto' ? !carried || missing !== null : choice !== device) continue
    if (device !== 'cpu' && (await guard.obstacle(visionSubject(manifest, device))) !== null) continue
    return GPU_DEVICES.includes(device)
  }
  return false
}

/** Devices on which a tower may be opened. */
export interface FittingDevices {
  readonly choice: VisionDeviceChoice
  readonly states: readonly DeviceState[]
  /** Why the requested device is not used, as a sentence. */
  readonly notices: readonly string[]
}

/**
 * Replaces GPUs by the CPU if the tower cannot fit into the memory of any of them, because some drivers end the process then. Devices stay as
 * they are if their memory is unknown.
 */
export async function fittingDevices(
  choice: VisionDeviceChoice,
  states: readonly DeviceState[],
  memory: TowerGpuMemory | undefined,
): Promise<FittingDevices> {
  const candidates = choice === 'auto' ? states.filter(({ carried, missing }) => carried && missing === null) : [{ device: choice }]
  const unchanged = { choice, states, notices: [] }
  if (!memory || !candidates.some(({ device }) => GPU_DEVICES.includes(device))) return unchanged
  const free = await memory.free()
  if (free === null || memory.needed <= free) return unchanged
  const missing = `The vision tower needs ${megabytesText(memory.needed)} of the GPU's memory, of which ${megabytesText(free)} are free, and runs on the CPU.`
  return {
    choice: GPU_DEVICES.includes(choice) ? 'cpu' : choice,
    states: states.map((state) => (GPU_DEVICES.includes(state.device) && state.missing === null ? { ...state, missing } : state)),
    notices: choice === 'auto' ? [] : [missing],
  }
}
