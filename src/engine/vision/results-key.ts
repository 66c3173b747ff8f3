import { installedVersion } from '../../platform/installed-version.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { DeviceGuard } from '../devices/device-guard.ts'
import { deviceTestKey } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import { type DeviceState, statesFor } from './devices.ts'
import type { Attention } from './session-options.ts'
import type { VisionDevice } from './types.ts'

/** A tower on a device, as results of tests are stored for it. */
export function visionSubject({ name, vision }: ModelManifest, device: string): DeviceSubject {
  const runtime = `ONNX Runtime ${installedVersion('onnxruntime-node')}`
  return { part: 'vision', device, hardware: '', runtime, model: name, weights: `${vision.sha256} ${vision.data?.sha256 ?? ''}` }
}

/**
 * Names what a tower's rows depend on beside model and picture, so that rows that are kept are never taken for another device's: `cpu`, or a device
 * with its driver, runtime and form of attention.
 */
export async function visionResultsKey(manifest: ModelManifest, device: VisionDevice, attention: Attention): Promise<string> {
  return device === 'cpu' ? 'cpu' : `${await deviceTestKey(visionSubject(manifest, device))} ${attention}`
}

/**
 * The key of the tower that would be opened, without opening it: what is known of the devices so far decides. Null where one of them is still to be
 * tested, so that only opening tells.
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
