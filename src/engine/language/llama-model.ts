import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { deviceFailureIn } from '../devices/device-failure.ts'
import { type DeviceGuard, type GuardedDevice, runGuarded } from '../devices/device-guard.ts'
import type { DeviceTestStore } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import { testLogits, verdictOnLogits } from './device-self-test.ts'
import { checkGguf, type GgufMetadata } from './gguf-check.ts'
import { chooseGpuLayers } from './gpu-layers.ts'
import { type Gpu, gpusNamed, type LanguageGpu } from './gpus.ts'
import type { KeptBuilds } from './kept-builds.ts'
import type { LlamaLanguage } from './llama-language.ts'
import { gpuDevices, type LlamaLibrary, openLlamaLibrary } from './llama-library.ts'
import { languageSubject, type ModelOptions, type ModelSource, openModel, openOnCpu, refused, withLayers } from './open-model.ts'
import { TemplateRenderer } from './template-renderer.ts'
import type { Language } from './types.ts'

export interface LanguageOptions extends ModelOptions {
  /** `auto` selects the best available device. Defaults to `auto`. */
  readonly device?: LanguageDeviceChoice
  /** Part of the name of the GPUs to use. Defaults to all GPUs. */
  readonly gpu?: string | undefined
  /** Limit on GPU memory in bytes. Defaults to the free memory. */
  readonly gpuMemory?: number | undefined
  /** Bytes of GPU memory that the vision tower will need. Defaults to none. */
  readonly towerMemory?: (language: GgufMetadata) => Promise<number>
  /** Number of layers on the GPU. Defaults to the number that is estimated to fit. */
  readonly gpuLayers?: number
  /** Validates the contents of the file's header before anything is loaded; throws if they are not as expected. */
  readonly expect?: (metadata: GgufMetadata) => void
  /** Which builds of llama.cpp are known to work here. Defaults to none: they are tried. */
  readonly builds?: KeptBuilds | undefined
  /** Guard of the GPU, with name and weights of the model. Without it, the GPU is used without tests. Defaults to none. */
  readonly guarded?: { readonly guard: DeviceGuard; readonly model: string; readonly weights: string } | undefined
}

/** Context size for which GPU memory is reserved when the number of layers is chosen; Tarsier2 conversations are rarely longer. */
const EXPECTED_CELLS = 16384

/**
 * Loads a GGUF language model on the given device, or on the first device that is available and passes its self-test.
 * Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `out-of-memory`, `device-unavailable` or
 * `native-library`.
 */
export async function loadLanguage(path: string, options: LanguageOptions): Promise<Language> {
  const { signal } = options
  const metadata = await checkGguf(path)
  options.expect?.(metadata)
  signal.throwIfAborted()
  // Its process takes longer to start than a small model to load.
  let spare: TemplateRenderer | null = new TemplateRenderer()
  const renderer = (): TemplateRenderer => {
    const taken = spare ?? new TemplateRenderer()
    spare = null
    return taken
  }
  try {
    return await loadOnDevice({ path, metadata, options, fallbacks: [], renderer }, options)
  } finally {
    await spare?.[Symbol.asyncDispose]()
  }
}

async function loadOnDevice(source: ModelSource & { readonly fallbacks: string[] }, options: LanguageOptions): Promise<Language> {
  const { signal, device = 'auto' } = options
  const { fallbacks } = source
  if (device !== 'auto' && device !== 'cpu') {
    // A device that is asked for is tried, whatever was found before.
    await options.builds?.forgetUnusable()
    const language = await openOnGpu(device, source, options)
    if (typeof language === 'string') throw unusable(device, language)
    return language
  }
  for (const gpu of device === 'auto' ? await gpuDevices(options.builds) : []) {
    signal.throwIfAborted()
    const language = await openOnGpu(gpu, source, options).catch((error: unknown) => {
      const failed = deviceFailureIn(error)
      if (failed) return failed.why
      // A partially installed driver: treat the device as unavailable.
      if (error instanceof TarsierError && (error.code === 'device-unavailable' || error.code === 'native-library')) return null
      throw error
    })
    if (typeof language === 'string') fallbacks.push(`${gpu} is not used for the language model: ${language}.`)
    else if (language !== null) return language
  }
  signal.throwIfAborted()
  return await openOnCpu(await openLlamaLibrary('cpu', options.builds), source)
}

/** @returns the model, or the reason for not using this GPU, as a clause that follows its name. Throws if the device is not available. */
async function openOnGpu(device: LanguageGpu, source: ModelSource, options: LanguageOptions): Promise<Language | string> {
  const { guarded } = options
  if (!guarded) {
    const library = await openLlamaLibrary(device, options.builds)
    return await openWithGpus(library, source, { options, gpus: gpusNamed(library.gpus, device, options.gpu), gpu: null, tests: null })
  }
  const { guard } = guarded
  const unseen = languageSubject(device, [], guarded)
  // The hardware is still unknown, because a driver may crash while it is loaded.
  const obstacle = await guard.obstacle(unseen)
  if (obstacle !== null) return obstacle
  const library = await guard.use(unseen).run('loading', () => openLlamaLibrary(device, options.builds))
  const gpus = gpusNamed(library.gpus, device, options.gpu)
  const subject = languageSubject(device, gpus, guarded)
  const further = await guard.obstacle(subject)
  if (further !== null) return further
  return await openWithGpus(library, source, { options, gpus, gpu: guard.use(subject), tests: guard.tests })
}

interface GpuTarget {
  readonly options: LanguageOptions
  readonly gpus: readonly Gpu[]
  /** Null without a guard. */
  readonly gpu: GuardedDevice | null
  readonly tests: DeviceTestStore | null
}

/** Places as many layers on the GPUs as fit. Without any, the model is loaded by the build for the CPU, which uses no GPU's driver. */
async function openWithGpus(library: LlamaLibrary, source: ModelSource, target: GpuTarget): Promise<Language | string> {
  const { options, gpus, gpu } = target
  const { signal, gpuMemory: limit = Number.POSITIVE_INFINITY, gpuLayers: wanted } = options
  const cells = Math.min(source.metadata.context, EXPECTED_CELLS)
  const tower = (await options.towerMemory?.(source.metadata)) ?? 0
  const usable = { gpus, others: library.gpus.filter((other) => !gpus.includes(other)), limit, tower }
  const choose = () => chooseGpuLayers(library, source.path, { cells, usable, wanted, signal })
  const { layers, notice } = await runGuarded(gpu, 'loading', choose)
  const noticed = notice === null ? source : { ...source, fallbacks: [...source.fallbacks, notice] }
  if (layers === 0) return await openOnCpu(await openLlamaLibrary('cpu', options.builds), noticed)
  return await runGuarded(gpu, 'loading', () => openWithLayers(library, noticed, layers, target))
}

async function openWithLayers(
  library: LlamaLibrary,
  source: ModelSource,
  layers: number,
  { options, gpus, gpu, tests }: GpuTarget,
): Promise<Language | string> {
  const { signal, device = 'auto' } = options
  const language = await openModel(library, source, { layers, gpus, gpu })
  if (Array.isArray(language)) {
    // The number of layers is an estimate, so loading can fail.
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

/**
 * Runs the self-test of a model on a GPU and stores the result. Returns the reason for not using the GPU, or null if its logits match those
 * of the CPU.
 */
async function failedSelfTest(
  library: LlamaLibrary,
  source: ModelSource,
  { language, subject, tests, signal }: { language: LlamaLanguage; subject: DeviceSubject; tests: DeviceTestStore; signal: AbortSignal },
): Promise<string | null> {
  const tested = withLayers(subject, language.gpuLayers)
  const known = await tests.find(tested)
  if (known) return known.passed ? null : known.detail
  // Weights stay in the mapped file without repacking: as fast for a few tokens, and without additional memory.
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
