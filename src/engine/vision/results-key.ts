import { installedVersion } from '../../platform/installed-version.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { type DeviceTestBook, deviceTestKey, type TestSubject } from '../devices/device-test-book.ts'
import { type DeviceState, statesFor } from './devices.ts'
import type { Attention } from './session-options.ts'
import type { VisionDevice } from './types.ts'

/** What a self-test of a tower on a device is about. */
export function visionSubject({ name, vision }: ModelManifest, device: string): TestSubject {
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
 * The key of the tower that would be opened, without opening it: what the devices' self-tests say so far decides. Null where one of them is still to
 * be tested, so that only opening tells.
 */
export async function expectedResultsKey(
  manifest: ModelManifest,
  choice: VisionDeviceChoice,
  tests: Pick<DeviceTestBook, 'find'> | undefined,
  states: readonly DeviceState[] = statesFor(manifest.vision.precision),
): Promise<string | null> {
  for (const { device, carried, missing } of states) {
    if (choice === 'auto' ? !carried || missing !== null : choice !== device) continue
    if (device === 'cpu') return await visionResultsKey(manifest, 'cpu', 'fused')
    const test = await tests?.find(visionSubject(manifest, device))
    if (!test) return null
    if (test.passed) return await visionResultsKey(manifest, device, test.attention ?? 'fused')
  }
  return null
}
