import { join } from 'node:path'
import { releaseMappedPages } from '../../platform/mapped-file.ts'
import type { VisionDeviceChoice } from '../../shared/devices.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { DeviceGuard, GuardedDevice } from '../devices/device-guard.ts'
import { openOnDevice, statesFor } from './devices.ts'
import { fittingDevices, type TowerGpuMemory } from './gpu-memory.ts'
import { expectGraphFits } from './graph-fit.ts'
import { OnnxTower } from './onnx-tower.ts'
import { visionResultsKey, visionSubject } from './results-key.ts'
import type { TowerSessionOptions } from './session-options.ts'
import { physicalCores } from './threads.ts'
import { cpuFailure } from './tower-failures.ts'
import { checkTowerFiles } from './tower-files.ts'
import type { TowerForm } from './tower-form.ts'
import { openTested, type TestedSession } from './tower-self-test.ts'
import { openTried } from './tower-trial.ts'
import type { Tower, VisionDevice } from './types.ts'

export interface TowerOptions {
  /** The form of the manifest's model family. */
  readonly form: TowerForm
  readonly device: VisionDeviceChoice
  readonly signal: AbortSignal
  /** Number of CPU threads. Defaults to the number of physical cores. */
  readonly intraOpThreads?: number | undefined
  /**
   * Whether the next run may start while the caller processes the rows of the previous one. Useful if the tower and the language model use
   * different devices; on the same CPU they would only slow each other down. Defaults to true on all devices except the CPU.
   */
  readonly overlapRuns?: boolean | undefined
  /** Whether the weights stay in the file on the CPU; see {@link TowerSessionOptions.mapped}. Defaults to false. */
  readonly mapped?: boolean | undefined
  /** Called before each run and before the trial, with which the caller may free memory. Defaults to nothing. */
  readonly beforeRun?: (() => void) | undefined
  /** Guard of devices other than the CPU. Without it, they are used without tests. Defaults to none. */
  readonly guard?: DeviceGuard | undefined
  /** Memory of the GPU; a tower that cannot fit is opened on the CPU. Defaults to unknown. */
  readonly gpuMemory?: TowerGpuMemory | undefined
}

interface OpenedTower extends TestedSession {
  /** Guard of the device; null on the CPU and without a guard. */
  readonly gpu: GuardedDevice | null
}

/**
 * Opens a model's tower on the first device that passes its self-test (see `tower-self-test.ts`) and a trial run.
 * Throws `model-damaged`, `device-unavailable`, `out-of-memory`.
 */
export async function openTower(modelDirectory: string, manifest: ModelManifest, options: TowerOptions): Promise<Tower> {
  options.signal.throwIfAborted()
  const { path, graph } = await checkTowerFiles(modelDirectory, manifest.vision)
  const { form } = options
  expectGraphFits(graph, manifest, form)
  const threads = options.intraOpThreads ?? physicalCores()
  const mapped = options.mapped ?? false
  const openUntested = async (device: VisionDevice): Promise<TestedSession> => ({
    session: await openTried(path, { device, attention: 'fused', threads, mapped: mapped && device === 'cpu' }, manifest, form),
    attention: 'fused',
    notice: null,
  })
  const openGuarded = async (device: VisionDevice, guard: DeviceGuard): Promise<OpenedTower> => {
    const gpu = guard.use(visionSubject(manifest, device))
    const obstacle = await guard.obstacle(gpu.subject)
    if (obstacle !== null) throw new Error(obstacle)
    const { tests } = guard
    const opened = await gpu.run('loading', () =>
      tests ? openTested({ path, manifest, form }, { device, threads, mapped: false }, gpu.subject, tests) : openUntested(device),
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
  options.beforeRun?.()
  const { choice, states, notices } = await fittingDevices(options.device, statesFor(manifest.vision.precision), options.gpuMemory)
  const { opened, device, fallbacks: passedOver } = await openOnDevice(choice, options.signal, open, states)
  const overlapRuns = options.overlapRuns ?? device !== 'cpu'
  const fallbacks = [
    ...new Set([...notices, ...passedOver, ...(opened.notice === null ? [] : [opened.notice]), ...inFileNotice(mapped, device)]),
  ]
  const resultsKey = await visionResultsKey(manifest, device, opened.attention)
  const { session, gpu } = opened
  const { data } = manifest.vision
  const afterRun = data && mapped && device === 'cpu' ? () => releaseMappedPages(join(modelDirectory, data.file)) : undefined
  afterRun?.() // the trial
  return new OnnxTower({ session, gpu, form, manifest, device, resultsKey, fallbacks, overlapRuns, beforeRun: options.beforeRun, afterRun })
}

function inFileNotice(mapped: boolean, device: VisionDevice): string[] {
  if (!mapped || device !== 'cpu') return []
  return ["To save memory, the vision tower's weights stay in their file, and pictures take up to an eighth longer."]
}
