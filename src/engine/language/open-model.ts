import koffi from 'koffi'
import { releaseMappedPages } from '../../platform/mapped-file.ts'
import { ownMemory } from '../../platform/memory-limit.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { GuardedDevice } from '../devices/device-guard.ts'
import { deviceTestKey } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import type { GgufMetadata } from './gguf-check.ts'
import type { Gpu } from './gpus.ts'
import {
  callAsync,
  LLAMA_RELEASE,
  LLAMA_RUNTIME,
  type ModelParams,
  type Pointer,
  type ProgressCallback,
  VOCAB_TYPE_NONE,
} from './llama-header.ts'
import { LlamaLanguage } from './llama-language.ts'
import type { LlamaLibrary } from './llama-library.ts'
import { PromptTemplate, type TemplateText } from './prompt-template.ts'
import { TemplateRenderer } from './template-renderer.ts'
import { Tokenizer } from './tokenizer.ts'

/** Bytes that llama.cpp copies out of a file between two releases of its pages. */
const COPIED_BYTES = 128 * 1024 ** 2

export interface ModelOptions extends TemplateText {
  /** Whether the tokenizer adds a space only before the first text of the prompt. Defaults to false. */
  readonly spaceOnce?: boolean | undefined
  /** Whether the tokenizer omits that space before a text that starts with a space. Defaults to false. */
  readonly spaceUnlessGiven?: boolean | undefined
  /** Number of threads for every batch. Defaults to the number that is fastest at the moment, and with layers on a GPU to one per core. */
  readonly threads?: number | undefined
  readonly signal: AbortSignal
}

/** A model file, with the settings that do not depend on the device. */
export interface ModelSource {
  readonly path: string
  readonly metadata: GgufMetadata
  readonly options: ModelOptions
  /** Why preferred devices were not used, one sentence each. */
  readonly fallbacks: readonly string[]
  /** Gives a renderer that was started earlier, or a new one. Defaults to new ones. */
  readonly renderer?: () => TemplateRenderer
}

/** The part of a model that is placed on GPUs. */
interface GpuShare {
  readonly layers: number
  readonly gpus: readonly Gpu[]
  /** Guard of these GPUs; null if there is none. */
  readonly gpu: GuardedDevice | null
}

export const NO_GPU: GpuShare = { layers: 0, gpus: [], gpu: null }

/**
 * Loads a model with the given number of layers on GPUs.
 * @returns the model, or llama.cpp's error messages
 */
export async function openModel(
  library: LlamaLibrary,
  { path, metadata, options, fallbacks, renderer: rendererOf = () => new TemplateRenderer() }: ModelSource,
  { layers, gpus, gpu }: GpuShare,
  further: Partial<ModelParams> = {},
): Promise<LlamaLanguage | string[]> {
  // Start the renderer's process while the weights are loading.
  const renderer = rendererOf()
  let model: Pointer | string[] = []
  try {
    model = await loadFile(library, path, { layers, gpus, further }, options.signal)
    if (typeof model !== 'bigint') {
      await renderer[Symbol.asyncDispose]()
      return model
    }
    expectWriter(library, model)
    const tokenizer = new Tokenizer(library.api, model)
    const template = await PromptTemplate.open(renderer, options, tokenizer)
    options.signal.throwIfAborted()
    const { spaceOnce = false, spaceUnlessGiven = false, threads } = options
    const parts = { metadata, spaceOnce, spaceUnlessGiven, threads, tokenizer, template, renderer, gpus, gpu, fallbacks }
    const device = deviceName(library, gpus, layers, model)
    const resultsKey = await resultsKeyOf(library, gpus, layers)
    return new LlamaLanguage(library, model, { ...parts, device, resultsKey, gpuLayers: layers })
  } catch (error) {
    await renderer[Symbol.asyncDispose]()
    if (typeof model === 'bigint') library.api.modelFree(model)
    throw error
  }
}

/**
 * Loads a model without layers on a GPU.
 * Throws `model-damaged`, `model-unsupported` or `out-of-memory`.
 * @param further llama.cpp model parameters that differ from its defaults. Defaults to none.
 */
export async function openOnCpu(library: LlamaLibrary, source: ModelSource, further?: Partial<ModelParams>): Promise<LlamaLanguage> {
  const language = await openModel(library, source, NO_GPU, further)
  if (Array.isArray(language)) throw refused(source.path, language)
  return language
}

/** Throws `model-unsupported` if the model is not a language model that generates text. */
function expectWriter({ api }: LlamaLibrary, model: Pointer): void {
  if (
    api.modelHasDecoder(model) &&
    !api.modelHasEncoder(model) &&
    api.vocabType(api.modelGetVocab(model)) !== VOCAB_TYPE_NONE &&
    api.modelLayers(model) > 0
  )
    return
  throw new TarsierError('model-unsupported', 'The GGUF file contains no language model that generates text. Import the model again.')
}

/** Key of stored test results for a language model on GPUs. An empty `gpus` means a device whose driver is not loaded yet. */
export function languageSubject(
  device: string,
  gpus: readonly Gpu[],
  { model, weights }: Pick<DeviceSubject, 'model' | 'weights'>,
): DeviceSubject {
  return {
    part: 'language',
    device,
    hardware: gpus.map(({ name }) => name).join(', '),
    runtime: LLAMA_RUNTIME,
    model,
    weights,
  }
}

/** Adds the number of GPU layers, because other kernels, and therefore other results, are used for another number. */
export function withLayers(subject: DeviceSubject, layers: number): DeviceSubject {
  return { ...subject, weights: `${subject.weights} ${layers}` }
}

/** See {@link Language.resultsKey}. */
async function resultsKeyOf({ build }: LlamaLibrary, gpus: readonly Gpu[], layers: number): Promise<string> {
  // Model and weights are empty, because stored results are keyed by the model as well.
  const subject = languageSubject(String(build), gpus, { model: '', weights: '' })
  return layers === 0 ? 'cpu' : await deviceTestKey(withLayers(subject, layers))
}

/**
 * Has llama.cpp load a file; the caller frees the model.
 * @returns the model, or llama.cpp's error messages
 */
export async function loadFile(
  { api, logMark, complaints }: LlamaLibrary,
  path: string,
  { layers, gpus, further }: { readonly layers: number; readonly gpus: readonly Gpu[]; readonly further: Partial<ModelParams> },
  signal: AbortSignal,
): Promise<Pointer | string[]> {
  const copies = new CopiedWeights(path)
  const progress: ProgressCallback = () => {
    copies.release()
    return !signal.aborted
  }
  const callback = koffi.register(progress, koffi.pointer(api.types.progressCallback)) as Pointer
  // Null-terminated. Without the list, a GPU would get no layers, but would still compute large products of the CPU layers and store the
  // KV.
  const devices = koffi.alloc('void *', gpus.length + 1) as Pointer
  koffi.encode(devices, koffi.array('void *', gpus.length + 1), [...gpus.map(({ address }) => address), null])
  const mark = logMark()
  try {
    const params = {
      ...api.modelDefaultParams(),
      n_gpu_layers: layers,
      progress_callback: callback,
      devices,
      ...further,
    }
    const model = await callAsync(api.modelLoadFromFile, path, params)
    copies.release()
    if (signal.aborted && model !== null) api.modelFree(model)
    signal.throwIfAborted()
    return model ?? (await complaints(mark))
  } finally {
    koffi.unregister(callback)
    koffi.free(devices)
  }
}

/**
 * llama.cpp maps a file whole, and copies most weights in K-quants out of it. Pages of what was copied would stay in the process, which would then
 * seem to need both.
 */
class CopiedWeights {
  readonly #path: string
  #own = ownMemory()

  constructor(path: string) {
    this.#path = path
  }

  /** Call it now and then while the file is loaded. */
  release(): void {
    const own = ownMemory()
    if (own - this.#own < COPIED_BYTES) return
    this.#own = own
    releaseMappedPages(this.#path)
  }
}

/** Maps the error messages of llama.cpp for a file that it could not load to an error. */
export function refused(path: string, complaints: readonly string[]): TarsierError {
  const log = complaints.join(' ').replace(/\s+/g, ' ').slice(0, 500)
  const cause = new Error(log)
  if (/alloc|out of memory|failed to reserve|mmap failed/i.test(log)) {
    return new TarsierError(
      'out-of-memory',
      `There is not enough memory to load ${path}. Close other programs, use a smaller model, or choose the CPU as the device.`,
      { cause },
    )
  }
  if (/unknown model architecture|unsupported|unknown pre-tokenizer/i.test(log)) {
    return new TarsierError('model-unsupported', `llama.cpp ${LLAMA_RELEASE} does not support the model in ${path}. Use another model.`, {
      cause,
    })
  }
  return new TarsierError('model-damaged', `${path} is damaged: llama.cpp could not load it. Import or download the model again.`, {
    cause,
  })
}

/** Device name for display, e.g. `vulkan (NVIDIA GeForce RTX 4090)`; includes the number of GPU layers if not all layers are on the GPU. */
function deviceName({ api, build }: LlamaLibrary, gpus: readonly Gpu[], layers: number, model: Pointer): string {
  if (layers === 0) return 'cpu'
  const all = api.modelLayers(model) + 1
  const share = layers < all ? `, ${layers} of ${all} layers` : ''
  return `${build} (${gpus.map(({ name }) => name).join(', ')}${share})`
}
