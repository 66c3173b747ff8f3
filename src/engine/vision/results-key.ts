import { installedVersion } from '../../platform/installed-version.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { DeviceGuard } from '../devices/device-guard.ts'
import { deviceTestKey } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import { type DeviceState, statesFor } from './devices.ts'
import type { Attention } from './session-options.ts'
import type { VisionDevice } from './types.ts'

/** Runtime of the tower in stored test results. */
export function visionRuntime(): string {
  return `ONNX Runtime ${installedVersion('onnxruntime-node')}`
}

/** Key of stored test results for a tower on a device. */
export function visionSubject({ name, vision }: ModelManifest, device: string): DeviceSubject {
  return {
    part: 'vision',
    device,
    hardware: '',
    runtime: visionRuntime(),
    model: name,
    weights: `${vision.sha256} ${vision.data?.sha256 ?? ''}`,
  }
}

/**
 * Key of what a tower's rows depend on besides model and frame, so that cached rows are never used for another device: `cpu`, or a device
 * with its driver, runtime and form of attention.
 */
export async function visionResultsKey(manifest: ModelManifest, device: VisionDevice, attention: Attention): Promise<string> {
  return device === 'cpu' ? 'cpu' : `${await deviceTestKey(visionSubject(manifest, device))} ${attention}`
}

/**
 * Predicts the key of the tower that would be opened, without opening it, from what is known about the devices so far. Null if a device has
 * not been tested yet, because the key is then known only after opening.
 */
export async function expectedResultsKey(
  manifest: ModelManifest,
  choice: VisionDeviceChoice,
  guard: Pick<DeviceGuard, 'obstacle' | 'tests'>,
  states: readonly DeviceState[] = statesFor(manifest.vision.precision),
): Promise<string | null> {
  for (const { device, carried, missing } of states) {
    if (choice === 'auto' ? !carried || missing !== null : choice !== device) continue
    if (device === 'cpu') return await visionResultsKey(manifest, 'cpu', 'fused')
    const subject = visionSubject(manifest, device)
    if ((await guard.obstacle(subject)) !== null) continue
    const test = await guard.tests?.find(subject)
    return test ? await visionResultsKey(manifest, device, test.attention ?? 'fused') : null
  }
  return null
}
