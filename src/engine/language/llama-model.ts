import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { deviceFailureIn } from '../devices/device-failure.ts'
import type { DeviceGuard, GuardedDevice } from '../devices/device-guard.ts'
import type { DeviceTestStore } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import { testLogits, verdictOnLogits } from './device-self-test.ts'
import { checkGguf, type GgufFacts } from './gguf-check.ts'
import { chooseGpuLayers } from './gpu-layers.ts'
import { type Gpu, gpusNamed } from './gpus.ts'
import type { LlamaLanguage } from './llama-language.ts'
import { gpuDevices, type LanguageGpu, type LlamaLibrary, openLlamaLibrary } from './llama-library.ts'
import { languageSubject, type ModelOptions, type ModelSource, openModel, openOnCpu, refused, withLayers } from './open-model.ts'
import type { Language } from './types.ts'

export interface LanguageOptions extends ModelOptions {
  /** `auto` takes the best there is. Defaults to `auto`. */
  readonly device?: LanguageDeviceChoice
  /** Part of the name of the GPU to use, instead of all there are. */
  readonly gpu?: string | undefined
  /** Bytes of the GPU's memory that may be used, instead of all that are free. */
  readonly gpuMemory?: number | undefined
  /** Layers on the GPU, instead of as many as are estimated to fit. */
  readonly gpuLayers?: number
  /** Looks at what the file's head says before anything is loaded, and throws where it is not what it should be. */
  readonly expect?: (facts: GgufFacts) => void
  /** Watches over the GPU, for the model of this name and weights; without it, which is the default, the GPU is trusted as it is. */
  readonly guarded?: { readonly guard: DeviceGuard; readonly model: string; readonly weights: string } | undefined
}

/** Context that room on the GPU is kept for when layers are chosen; a Tarsier2 conversation is rarely longer. */
const EXPECTED_CELLS = 16384

/**
 * Loads a GGUF language model on the first device that can be had and passes its self-test, or on the one that is named.
 * Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `out-of-memory`, `device-unavailable` or `native-library`.
 */
export async function loadLanguage(path: string, options: LanguageOptions): Promise<Language> {
  const { signal, device = 'auto' } = options
  const facts = await checkGguf(path)
  options.expect?.(facts)
  signal.throwIfAborted()
  const fallbacks: string[] = []
  const source = { path, facts, options, fallbacks }
  if (device !== 'auto' && device !== 'cpu') {
    const language = await openOnGpu(device, source, options)
    if (typeof language === 'string') throw unusable(device, language)
    return language
  }
  for (const gpu of device === 'auto' ? await gpuDevices() : []) {
    signal.throwIfAborted()
    const language = await openOnGpu(gpu, source, options).catch((error: unknown) => {
      const failed = deviceFailureIn(error)
      if (failed) return failed.why
      // A driver that is only half there: as good as none.
      if (error instanceof TarsierError && (error.code === 'device-unavailable' || error.code === 'native-library')) return null
      throw error
    })
    if (typeof language === 'string') fallbacks.push(`${gpu} is not used for the language model: ${language}.`)
    else if (language !== null) return language
  }
  signal.throwIfAborted()
  return await openOnCpu(await openLlamaLibrary('cpu'), source)
}

/** @returns the model, or why this GPU is not to be used, as a clause after its name. Throws where the device cannot be had at all. */
async function openOnGpu(device: LanguageGpu, source: ModelSource, options: LanguageOptions): Promise<Language | string> {
  const { guarded } = options
  if (!guarded) {
    const library = await openLlamaLibrary(device)
    const gpus = gpusNamed(library.gpus, device, options.gpu)
    return await openWithLayers(library, source, { options, gpus, gpu: null, tests: null })
  }
  const { guard } = guarded
  const unseen = languageSubject(device, [], guarded)
  // A driver that crashes when it is loaded never says which hardware it is for.
  const obstacle = await guard.obstacle(unseen)
  if (obstacle !== null) return obstacle
  const library = await guard.use(unseen).run('loading', () => openLlamaLibrary(device))
  const gpus = gpusNamed(library.gpus, device, options.gpu)
  const subject = languageSubject(device, gpus, guarded)
  const further = await guard.obstacle(subject)
  if (further !== null) return further
  const gpu = guard.use(subject)
  return await gpu.run('loading', () => openWithLayers(library, source, { options, gpus, gpu, tests: guard.tests }))
}

async function openWithLayers(
  library: LlamaLibrary,
  source: ModelSource,
  {
    options,
    gpus,
    gpu,
    tests,
  }: { options: LanguageOptions; gpus: readonly Gpu[]; gpu: GuardedDevice | null; tests: DeviceTestStore | null },
): Promise<Language | string> {
  const { signal, device = 'auto' } = options
  const memory = { gpus, limit: options.gpuMemory }
  const cells = Math.min(source.facts.context, EXPECTED_CELLS)
  const { layers, notice } = await chooseGpuLayers(library, source.path, { cells, memory, wanted: options.gpuLayers, signal })
  const fallbacks = notice === null ? source.fallbacks : [...source.fallbacks, notice]
  if (layers === 0) return await openOnCpu(library, { ...source, fallbacks })
  const language = await openModel(library, { ...source, fallbacks }, { layers, gpus, gpu })
  if (Array.isArray(language)) {
    // Room on a GPU is an estimate, and its driver may have the last word.
    if (device === 'auto') return 'the model could not be loaded into it'
    throw refused(source.path, language)
  }
  try {
    const wrong = gpu && tests ? await failedSelfTest(library, source, { language, subject: gpu.subject, tests, signal }) : null
    if (wrong === null) return language
    await language[Symbol.asyncDispose]()
    return wrong
  } catch (error) {
    await language[Symbol.asyncDispose]()
    throw error
  }
}

/** Why the GPU that a model was loaded to is not to be used; null when it gives the CPU's logits. The result is stored. */
async function failedSelfTest(
  library: LlamaLibrary,
  source: ModelSource,
  { language, subject, tests, signal }: { language: LlamaLanguage; subject: DeviceSubject; tests: DeviceTestStore; signal: AbortSignal },
): Promise<string | null> {
  const tested = withLayers(subject, language.gpuLayers)
  const known = await tests.find(tested)
  if (known) return known.passed ? null : known.detail
  // Weights stay in the mapped file as they are: for a few tokens that is as quick, and it needs no memory beside the GPU's.
  const onCpu = await openOnCpu(library, source, { use_extra_bufts: false })
  let expected: Float32Array
  try {
    expected = await testLogits(onCpu, signal)
  } finally {
    await onCpu[Symbol.asyncDispose]()
  }
  const verdict = verdictOnLogits(expected, await testLogits(language, signal))
  await tests.record(tested, verdict)
  return verdict.passed ? null : verdict.detail
}

function unusable(device: string, why: string): TarsierError {
  return new TarsierError(
    'device-unavailable',
    `"${device}" is not used for the language model on this machine: ${why}. Choose "auto" or "cpu" as the device, or update the graphics driver and have the device tried again.`,
    { details: { device }, remedy: 'retry-devices' },
  )
}
