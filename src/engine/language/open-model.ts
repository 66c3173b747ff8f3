import koffi from 'koffi'
import { TarsierError } from '../../shared/errors.ts'
import type { GuardedDevice } from '../devices/device-guard.ts'
import { deviceTestKey } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import type { GgufFacts } from './gguf-check.ts'
import type { Gpu } from './gpus.ts'
import { callAsync, LLAMA_RELEASE, type ModelParams, type Pointer, type ProgressCallback, VOCAB_TYPE_NONE } from './llama-header.ts'
import { LlamaLanguage } from './llama-language.ts'
import type { LlamaLibrary } from './llama-library.ts'
import { PromptTemplate, type TemplateText } from './prompt-template.ts'
import { TemplateRenderer } from './template-renderer.ts'
import { Tokenizer } from './tokenizer.ts'

export interface ModelOptions extends TemplateText {
  /** Whether the tokenizer's space comes before the prompt's first text only. Defaults to false. */
  readonly spaceOnce?: boolean | undefined
  /** Whether it is left out before a text that begins with a space. Defaults to false. */
  readonly spaceUnlessGiven?: boolean | undefined
  readonly signal: AbortSignal
}

/** A model's file, and what stays the same on whichever device it is loaded. */
export interface ModelSource {
  readonly path: string
  readonly facts: GgufFacts
  readonly options: ModelOptions
  /** Why earlier devices were not used, a sentence each. */
  readonly fallbacks: readonly string[]
}

/** Which part of a model is on GPUs. */
interface GpuShare {
  readonly layers: number
  readonly gpus: readonly Gpu[]
  /** Watches over them; null where nobody does. */
  readonly gpu: GuardedDevice | null
}

const NO_GPU: GpuShare = { layers: 0, gpus: [], gpu: null }

/**
 * Loads a model with so many layers on GPUs.
 * @returns the model, or what llama.cpp complained about
 */
export async function openModel(
  library: LlamaLibrary,
  { path, facts, options, fallbacks }: ModelSource,
  { layers, gpus, gpu }: GpuShare,
  further: Partial<ModelParams> = {},
): Promise<LlamaLanguage | string[]> {
  // Its process starts while the weights are loaded.
  const renderer = new TemplateRenderer()
  let model: Pointer | string[] = []
  try {
    model = await load(library, path, { layers, gpus, further }, options.signal)
    if (typeof model !== 'bigint') {
      await renderer[Symbol.asyncDispose]()
      return model
    }
    expectWriter(library, model)
    const tokenizer = new Tokenizer(library.api, model)
    const template = await PromptTemplate.open(renderer, options, tokenizer)
    options.signal.throwIfAborted()
    const { spaceOnce = false, spaceUnlessGiven = false } = options
    const parts = { facts, spaceOnce, spaceUnlessGiven, tokenizer, template, renderer, gpus, gpu, fallbacks }
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
 * Loads a model with no layer on a GPU.
 * Throws `model-damaged`, `model-unsupported` or `out-of-memory`.
 * @param further llama.cpp's model parameters that differ from its defaults; none unless given
 */
export async function openOnCpu(library: LlamaLibrary, source: ModelSource, further?: Partial<ModelParams>): Promise<LlamaLanguage> {
  const language = await openModel(library, source, NO_GPU, further)
  if (Array.isArray(language)) throw refused(source.path, language)
  return language
}

/** Throws `model-unsupported` for what is no language model that writes text. */
function expectWriter({ api }: LlamaLibrary, model: Pointer): void {
  if (
    api.modelHasDecoder(model) &&
    !api.modelHasEncoder(model) &&
    api.vocabType(api.modelGetVocab(model)) !== VOCAB_TYPE_NONE &&
    api.modelLayers(model) > 0
  )
    return
  throw new TarsierError('model-unsupported', 'The GGUF file holds no language model that writes text. Import the model again.')
}

/** A language model on GPUs, as results of tests are stored for it. Without GPUs: on a device whose driver is not loaded yet. */
export function languageSubject(
  device: string,
  gpus: readonly Gpu[],
  { model, weights }: Pick<DeviceSubject, 'model' | 'weights'>,
): DeviceSubject {
  return {
    part: 'language',
    device,
    hardware: gpus.map(({ name }) => name).join(', '),
    runtime: `llama.cpp ${LLAMA_RELEASE}`,
    model,
    weights,
  }
}

/** Results of a model with another number of layers on the GPU are others, because other kernels compute there. */
export function withLayers(subject: DeviceSubject, layers: number): DeviceSubject {
  return { ...subject, weights: `${subject.weights} ${layers}` }
}

/** See {@link Language.resultsKey}. */
async function resultsKeyOf({ llama }: LlamaLibrary, gpus: readonly Gpu[], layers: number): Promise<string> {
  // The weights are told apart by the model itself wherever results are kept.
  const subject = languageSubject(String(llama.gpu), gpus, { model: '', weights: '' })
  return layers === 0 ? 'cpu' : await deviceTestKey(withLayers(subject, layers))
}

/** @returns the model, or what llama.cpp complained about */
async function load(
  { api, logMark, complaints }: LlamaLibrary,
  path: string,
  { layers, gpus, further }: { readonly layers: number; readonly gpus: readonly Gpu[]; readonly further: Partial<ModelParams> },
  signal: AbortSignal,
): Promise<Pointer | string[]> {
  const progress: ProgressCallback = () => !signal.aborted
  const callback = koffi.register(progress, koffi.pointer(api.types.progressCallback)) as Pointer
  // Ends with a null. Without the list a GPU would get no layers, but large products of the processor's layers and the KV all the same.
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
    if (signal.aborted && model !== null) api.modelFree(model)
    signal.throwIfAborted()
    return model ?? (await complaints(mark))
  } finally {
    koffi.unregister(callback)
    koffi.free(devices)
  }
}

/** The error of a file that llama.cpp could not load, by its complaints. */
export function refused(path: string, complaints: readonly string[]): TarsierError {
  const said = complaints.join(' ').replace(/\s+/g, ' ').slice(0, 500)
  const cause = new Error(said)
  if (/alloc|out of memory|failed to reserve|mmap failed/i.test(said)) {
    return new TarsierError(
      'out-of-memory',
      `There is not enough memory to load ${path}. Close other programs, use a smaller model, or choose the CPU as the device.`,
      { cause },
    )
  }
  if (/unknown model architecture|unsupported|unknown pre-tokenizer/i.test(said)) {
    return new TarsierError(
      'model-unsupported',
      `llama.cpp ${LLAMA_RELEASE} does not know the kind of model in ${path}. Use another model.`,
      { cause },
    )
  }
  return new TarsierError('model-damaged', `${path} is damaged: llama.cpp could not load it. Import or fetch the model again.`, { cause })
}

/** What computes a model, e.g. `vulkan (NVIDIA GeForce RTX 4090)`; with the layers on the GPU where these are not all. */
function deviceName({ api, llama }: LlamaLibrary, gpus: readonly Gpu[], layers: number, model: Pointer): string {
  if (layers === 0) return 'cpu'
  const all = api.modelLayers(model) + 1
  const share = layers < all ? `, ${layers} of ${all} layers` : ''
  return `${llama.gpu} (${gpus.map(({ name }) => name).join(', ')}${share})`
}
