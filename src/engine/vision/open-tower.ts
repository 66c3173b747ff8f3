import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { DeviceGuard, GuardedDevice } from '../devices/device-guard.ts'
import { openOnDevice, statesFor } from './devices.ts'
import { expectGraphFits } from './graph-fit.ts'
import { OnnxTower } from './onnx-tower.ts'
import { visionResultsKey, visionSubject } from './results-key.ts'
import type { SessionWishes } from './session-options.ts'
import { physicalCores } from './threads.ts'
import { cpuFailure } from './tower-failures.ts'
import { checkTowerFiles } from './tower-files.ts'
import type { TowerForm } from './tower-form.ts'
import { openTested, type TestedSession } from './tower-self-test.ts'
import { openTried } from './tower-trial.ts'
import type { Tower, VisionDevice } from './types.ts'

export interface TowerOptions {
  /** The form of the manifest's family. */
  readonly form: TowerForm
  readonly device: VisionDeviceChoice
  readonly signal: AbortSignal
  /** Threads of the CPU device. Defaults to the machine's physical cores. */
  readonly intraOpThreads?: number | undefined
  /**
   * Whether the next run may begin while the caller works on the rows of the last one. Right when tower and language model
   * compute on different devices; on one CPU they would only slow each other. Defaults to true on every device but the CPU.
   */
  readonly overlapRuns?: boolean | undefined
  /** Whether weights stay in the file; see {@link SessionWishes.mapped}. Defaults to false. */
  readonly mapped?: boolean | undefined
  /** Watches over devices other than the CPU; without it, which is the default, they are trusted as they are. */
  readonly guard?: DeviceGuard | undefined
}

interface OpenedTower extends TestedSession {
  /** The device other than the CPU that is watched over. */
  readonly gpu: GuardedDevice | null
}

/** Opens a model's tower on the first device that passes its self-test, see `tower-self-test.ts`, and a trial run. Throws `model-damaged`, `device-unavailable`, `out-of-memory`. */
export async function openTower(modelDirectory: string, manifest: ModelManifest, options: TowerOptions): Promise<Tower> {
  options.signal.throwIfAborted()
  const { path, graph } = await checkTowerFiles(modelDirectory, manifest.vision)
  const { form } = options
  expectGraphFits(graph, manifest, form)
  const threads = options.intraOpThreads ?? physicalCores()
  const mapped = options.mapped ?? false
  const openUntested = async (device: VisionDevice): Promise<TestedSession> => ({
    session: await openTried(path, { device, attention: 'fused', threads, mapped }, manifest, form),
    attention: 'fused',
    notice: null,
  })
  const openGuarded = async (device: VisionDevice, guard: DeviceGuard): Promise<OpenedTower> => {
    const gpu = guard.use(visionSubject(manifest, device))
    const obstacle = await guard.obstacle(gpu.subject)
    if (obstacle !== null) throw new Error(obstacle)
    const { tests } = guard
    const opened = await gpu.run('loading', () =>
      tests ? openTested({ path, manifest, form }, { device, threads, mapped }, gpu.subject, tests) : openUntested(device),
    )
    return { ...opened, gpu }
  }
  const open = async (device: VisionDevice): Promise<OpenedTower> => {
    if (device !== 'cpu' && options.guard) return await openGuarded(device, options.guard)
    try {
      return { ...(await openUntested(device)), gpu: null }
    } catch (error) {
      throw device === 'cpu' ? cpuFailure(error) : error
    }
  }
  const states = statesFor(manifest.vision.precision)
  const { opened, device, fallbacks } = await openOnDevice(options.device, options.signal, open, states)
  const overlapRuns = options.overlapRuns ?? device !== 'cpu'
  const notices = opened.notice === null ? fallbacks : [...fallbacks, opened.notice]
  const resultsKey = await visionResultsKey(manifest, device, opened.attention)
  const { session, gpu } = opened
  return new OnnxTower({ session, gpu, form, manifest, device, resultsKey, fallbacks: notices, overlapRuns })
}
