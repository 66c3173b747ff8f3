import { join } from 'node:path'
import { releaseMappedPages } from '../platform/mapped-file.ts'
import { partDevices } from '../shared/devices.ts'
import type { DevicesUsed } from '../shared/engine-events.ts'
import { TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { DeviceGuard, type DeviceSupervision } from './devices/device-guard.ts'
import { DeviceTestStore } from './devices/device-test-store.ts'
import type { EngineOptions, ModelInfo } from './engine-client.ts'
import { estimateRun, towerGpuMemory } from './estimate/estimate-run.ts'
import { loadedMemory } from './estimate/memory-state.ts'
import { type ModelCosts, modelCosts } from './estimate/model-costs.ts'
import { usualRun } from './estimate/usual-run.ts'
import { weightsFit } from './estimate/weights-fit.ts'
import { towerForm } from './families/families.ts'
import type { GgufMetadata } from './language/gguf-check.ts'
import { KeptBuilds } from './language/kept-builds.ts'
import { loadLanguage } from './language/llama-model.ts'
import type { Language } from './language/types.ts'
import { readManifest, weightsOf } from './models/manifest.ts'
import { resolveModel } from './models/registry.ts'
import { mayUseGpu } from './vision/gpu-memory.ts'
import { openTower } from './vision/open-tower.ts'
import { expectedResultsKey } from './vision/results-key.ts'
import type { Tower } from './vision/types.ts'

/** Language model and tower. The tower is opened for the first clip that has to be encoded, or while the language model loads. */
export interface LoadedModel extends AsyncDisposable {
  readonly info: ModelInfo
  readonly resources: {
    readonly manifest: ModelManifest
    readonly language: Language
    readonly costs: ModelCosts
    /** Whether the tower's weights stay in their file, because the model's usual run would not fit into memory otherwise. */
    readonly towerInFile: boolean
    tower(): Promise<Tower>
    towerResultsKey(): Promise<string>
    devices(): DevicesUsed
  }
}

/**
 * Loads the language model; the tower is loaded when it is first used, or beside it. The caller must dispose of the result.
 * Throws `model-missing`, `model-damaged`, `model-unsupported`, `model-mismatch`, `out-of-memory`, `device-unavailable`, `native-library`, and the
 * signal's reason.
 * @param towerToo whether the tower is needed, so that it is loaded at the same time if it runs on the CPU and memory is not short. On a GPU it must
 * wait for the language model's share of the memory. Defaults to not known
 * @param supervision reports device use to a parent process that recovers from crashes. Defaults to none
 */
export async function loadModel(
  options: EngineOptions,
  signal: AbortSignal,
  towerToo: () => Promise<boolean> = async () => false,
  supervision?: DeviceSupervision,
): Promise<LoadedModel> {
  const devices = partDevices(options.device)
  if (devices === null) throw new TarsierError('usage', `"${options.device}" is not a device.`, { details: { device: options.device } })
  const directory = await resolveModel(options.model, options.home)
  const manifest = await readManifest(directory)
  const languageFile = join(directory, manifest.language.file)
  const guard = new DeviceGuard({ tests: options.untested ? null : new DeviceTestStore(options.home), ...supervision })
  let loaded: { readonly language: Language; readonly costs: ModelCosts } | null = null
  let towerInFile = false
  let opening: Promise<Tower> | null = null
  let tower: Tower | null = null
  // Not aborted by the signal of one run, because the next run needs the same tower.
  const openOnce = async (): Promise<Tower> => {
    try {
      const opened = await openTower(directory, manifest, {
        form: towerForm(manifest),
        device: devices.vision,
        signal: new AbortController().signal,
        mapped: towerInFile,
        // Tower and language model take turns in a memory that is short for both.
        beforeRun: towerInFile ? () => releaseMappedPages(languageFile) : undefined,
        guard,
        // Unknown before the language model is loaded, and only needed for a tower on a GPU.
        gpuMemory: loaded
          ? {
              needed: towerGpuMemory(loaded.costs, manifest.sampler.frames),
              free: async () => options.limits?.gpu ?? (await loaded?.language.mostFreeGpuMemory()) ?? null,
            }
          : undefined,
      })
      tower = opened
      return opened
    } catch (error) {
      opening = null
      throw error
    }
  }
  const towerOnce = (): Promise<Tower> => {
    const wanted = opening ?? openOnce()
    opening = wanted
    return wanted
  }
  const closeTower = async (): Promise<void> => {
    const opened = await opening?.catch(() => null) // a failed opening has nothing to free
    await opened?.[Symbol.asyncDispose]()
  }

  const usesGpu = () => mayUseGpu(manifest, devices.vision, guard)
  const early = weightsFit(manifest, options.limits?.memory) && (await towerToo()) && !(await usesGpu()) ? towerOnce() : null
  early?.catch(() => {}) // whoever needs it tries again, and receives the error
  const language = await loadLanguage(languageFile, {
    template: manifest.prompt.template,
    videoPad: manifest.prompt.videoPad,
    spaceOnce: manifest.prompt.spaceOnce,
    spaceUnlessGiven: manifest.prompt.spaceUnlessGiven,
    device: devices.language,
    gpu: devices.gpu,
    gpuMemory: options.limits?.gpu,
    towerMemory: async (info) => ((await usesGpu()) ? towerGpuMemory(modelCosts(manifest, info), manifest.sampler.frames) : 0),
    expect: (info) => expectLanguageFits(info, manifest),
    builds: new KeptBuilds(options.home),
    guarded: { guard, model: manifest.name, weights: manifest.language.sha256 },
    signal,
  }).catch(async (error: unknown) => {
    await closeTower()
    throw error
  })
  const costs = modelCosts(manifest, language.metadata)
  loaded = { language, costs }
  if (early === null) {
    const unopened = { vision: 'not needed', language: language.device, fallbacks: [] }
    const memory = await loadedMemory({ language, costs, devices: unopened }, 0, options.limits)
    towerInFile = estimateRun(usualRun(costs, manifest, memory)).towerInFile
  }
  // Before the first run, whose memory is estimated from what is there.
  await early?.catch(() => {})
  if (signal.aborted) {
    await closeTower()
    await language[Symbol.asyncDispose]()
    signal.throwIfAborted()
  }

  return {
    info: {
      name: manifest.name,
      weights: weightsOf(manifest),
      summary: manifest.summary,
      languageDevice: language.device,
      context: Math.min(manifest.maxSequence, options.limits?.context ?? Number.POSITIVE_INFINITY),
      textTasks: manifest.textTasks ?? true,
      defaults: {
        frames: { kind: manifest.sampler.kind, count: manifest.sampler.frames },
        generation: manifest.generation,
      },
    },
    resources: {
      manifest,
      language,
      costs,
      towerInFile,
      tower: towerOnce,
      async towerResultsKey() {
        const expected = opening ? null : await expectedResultsKey(manifest, devices.vision, guard)
        return expected ?? (await towerOnce()).resultsKey
      },
      devices: () => ({
        vision: tower?.device ?? 'not needed',
        language: language.device,
        fallbacks: [...(tower?.fallbacks ?? []), ...language.fallbacks],
      }),
    },
    async [Symbol.asyncDispose]() {
      await closeTower()
      await language[Symbol.asyncDispose]()
    },
  }
}

/** `readManifest` has checked that the manifest gives tower and language model the same width. */
function expectLanguageFits({ rowWidth: width }: GgufMetadata, manifest: ModelManifest): void {
  if (width === manifest.language.width) return
  throw new TarsierError(
    'model-mismatch',
    `The language model of ${manifest.name} requires rows of ${width} values, but tarsier-model.json defines ${manifest.language.width}. The files do not match. Import the model again.`,
    { details: { found: width, expected: manifest.language.width } },
  )
}
