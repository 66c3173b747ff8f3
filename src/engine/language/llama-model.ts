import { createHash } from 'node:crypto'
import koffi from 'koffi'
import { memoryLimit } from '../../platform/memory-limit.ts'
import type { LanguageDeviceChoice } from '../../shared/devices.ts'
import { TarsierError } from '../../shared/errors.ts'
import { type DeviceTestBook, deviceTestKey, type TestSubject } from '../devices/device-test-book.ts'
import { testLogits, verdictOnLogits } from './device-self-test.ts'
import { checkGguf, type GgufFacts } from './gguf-check.ts'
import { chooseGpuLayers } from './gpu-layers.ts'
import { type Gpu, gpusNamed, memoryOf } from './gpus.ts'
import { openGrammar } from './grammar-sampler.ts'
import {
  callAsync,
  FLASH_ATTENTION_AUTO,
  FLASH_ATTENTION_OFF,
  FTYPE_ALL_F32,
  GGML_TYPE_F16,
  GGML_TYPE_F32,
  LLAMA_RELEASE,
  type ModelParams,
  type Pointer,
  type ProgressCallback,
  ROPE_TYPE_IMROPE,
  ROPE_TYPE_MROPE,
  VOCAB_TYPE_NONE,
} from './llama-header.ts'
import { type LlamaLibrary, openLlamaLibrary } from './llama-library.ts'
import { LlamaSession } from './llama-session.ts'
import { buildPrompt } from './prompt.ts'
import { PromptTemplate, type TemplateText } from './prompt-template.ts'
import { TemplateRenderer } from './template-renderer.ts'
import { threadsFor } from './threads.ts'
import { Tokenizer } from './tokenizer.ts'
import type { ChatMessage, Language, PositionKind, PromptOptions, PromptSegment, Session } from './types.ts'

export interface LanguageOptions extends TemplateText {
  /** Whether the tokenizer's space comes before the prompt's first text only. Defaults to false. */
  readonly spaceOnce?: boolean | undefined
  /** Whether it is left out before a text that begins with a space. Defaults to false. */
  readonly spaceUnlessGiven?: boolean | undefined
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
  /** Whose results on a GPU are held against the CPU's before it is used; without it, which is the default, the GPU is trusted as it is. */
  readonly selfTest?: { readonly book: DeviceTestBook; readonly model: string; readonly weights: string } | undefined
  readonly signal: AbortSignal
}

/** Most tokens or rows computed at once: llama.cpp's own size, and the step in which an abort is obeyed. */
const BATCH = 512
/** Context that room on the GPU is kept for when layers are chosen; a Tarsier2 conversation is rarely longer. */
const EXPECTED_CELLS = 16384
/** Smallest context opened. */
const LEAST_CELLS = 256

/**
 * Loads a GGUF language model.
 * Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `out-of-memory`, `device-unavailable` or `native-library`.
 */
export async function loadLanguage(path: string, options: LanguageOptions): Promise<Language> {
  const { signal } = options
  const device = options.device ?? 'auto'
  const facts = await checkGguf(path)
  options.expect?.(facts)
  signal.throwIfAborted()
  const library = await openLlamaLibrary(device)
  signal.throwIfAborted()
  const cells = Math.min(facts.context, EXPECTED_CELLS)
  const gpus = gpusNamed(library.gpus, String(library.llama.gpu), options.gpu)
  const memory = { gpus, limit: options.gpuMemory }
  const choice = await chooseGpuLayers(library, path, { cells, memory, wanted: options.gpuLayers, signal })
  const fallbacks = choice.notice === null ? [] : [choice.notice]
  const loaded = { facts, options, fallbacks, gpus }
  let layers = choice.layers
  let language = await openModel(library, path, layers, loaded)
  if (Array.isArray(language) && layers > 0 && device === 'auto') {
    // Room on a GPU is an estimate, and its driver may have the last word.
    fallbacks.push('The model could not be loaded into the GPU and runs on the CPU.')
    layers = 0
    language = await openModel(library, path, layers, loaded)
  }
  if (Array.isArray(language)) throw refused(path, language)
  const wrong = layers > 0 && options.selfTest ? await failedSelfTest(library, path, language, options.selfTest, loaded) : null
  if (wrong === null) return language
  await language[Symbol.asyncDispose]()
  const name = String(library.llama.gpu)
  if (device !== 'auto') {
    throw new TarsierError(
      'device-unavailable',
      `"${name}" gives other results than the CPU on this machine: ${wrong}. Choose "auto" or "cpu" as the device, or update its driver.`,
      { details: { device: name } },
    )
  }
  fallbacks.push(`${name} is not used for the language model, because it gives other results than the CPU: ${wrong}.`)
  return await openOnCpu(library, path, loaded)
}

/** What stays the same for a model on whichever device. */
type Loading = Pick<LoadedFacts, 'facts' | 'options' | 'fallbacks' | 'gpus'>

/** @returns the model, or what llama.cpp complained about */
async function openModel(
  library: LlamaLibrary,
  path: string,
  layers: number,
  loading: Loading,
  further: Partial<ModelParams> = {},
): Promise<LlamaModel | string[]> {
  const { options } = loading
  // Its process starts while the weights are loaded.
  const renderer = new TemplateRenderer()
  let model: Pointer | string[] = []
  try {
    const gpus = layers > 0 ? loading.gpus : []
    model = await load(library, path, { layers, gpus, further }, options.signal)
    if (typeof model !== 'bigint') {
      await renderer[Symbol.asyncDispose]()
      return model
    }
    expectWriter(library, model)
    const tokenizer = new Tokenizer(library.api, model)
    const template = await PromptTemplate.open(renderer, options, tokenizer)
    options.signal.throwIfAborted()
    const parts = { tokenizer, template, renderer }
    const device = deviceName(library, gpus, layers, model)
    const resultsKey = await resultsKeyOf(library, gpus, layers)
    return new LlamaModel(library, model, { ...loading, ...parts, device, resultsKey, gpuLayers: layers })
  } catch (error) {
    await renderer[Symbol.asyncDispose]()
    if (typeof model === 'bigint') library.api.modelFree(model)
    throw error
  }
}

async function openOnCpu(library: LlamaLibrary, path: string, loading: Loading, further?: Partial<ModelParams>): Promise<LlamaModel> {
  const language = await openModel(library, path, 0, loading, further)
  if (Array.isArray(language)) throw refused(path, language)
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

/** Why the GPU that a model was loaded to is not to be used; null when it gives the CPU's logits. A result is kept in the book. */
async function failedSelfTest(
  library: LlamaLibrary,
  path: string,
  language: LlamaModel,
  { book, model, weights }: NonNullable<LanguageOptions['selfTest']>,
  loading: Loading,
): Promise<string | null> {
  const { signal } = loading.options
  const subject = subjectOf(library, loading.gpus, language.gpuLayers, { model, weights })
  const known = await book.find(subject)
  if (known) return known.passed ? null : known.detail
  // Weights stay in the mapped file as they are: for a few tokens that is as quick, and it needs no memory beside the GPU's.
  const onCpu = await openOnCpu(library, path, loading, { use_extra_bufts: false })
  let expected: Float32Array
  try {
    expected = await testLogits(onCpu, signal)
  } finally {
    await onCpu[Symbol.asyncDispose]()
  }
  const verdict = verdictOnLogits(expected, await testLogits(language, signal))
  await book.note(subject, verdict)
  return verdict.passed ? null : verdict.detail
}

/** What a self-test of so many layers on a GPU is about. */
function subjectOf(
  { llama }: LlamaLibrary,
  gpus: readonly Gpu[],
  layers: number,
  { model, weights }: Pick<TestSubject, 'model' | 'weights'>,
): TestSubject {
  return {
    part: 'language',
    device: String(llama.gpu),
    hardware: gpus.map(({ name }) => name).join(', '),
    runtime: `llama.cpp ${llama.llamaCppRelease.release}`,
    model,
    weights: `${weights} ${layers}`,
  }
}

/** See {@link Language.resultsKey}. */
async function resultsKeyOf(library: LlamaLibrary, gpus: readonly Gpu[], layers: number): Promise<string> {
  // The weights are told apart by the model itself wherever results are kept.
  return layers === 0 ? 'cpu' : await deviceTestKey(subjectOf(library, gpus, layers, { model: '', weights: '' }))
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

function refused(path: string, complaints: readonly string[]): TarsierError {
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

function tooLarge(cells: number, cause?: Error): TarsierError {
  return new TarsierError(
    'out-of-memory',
    `There is not enough memory for a conversation of ${cells} tokens. Use fewer frames or fewer pixels per frame, or a smaller model.`,
    { details: { cells }, ...(cause && { cause }) },
  )
}

interface LoadedFacts {
  readonly facts: GgufFacts
  readonly options: LanguageOptions
  readonly tokenizer: Tokenizer
  readonly template: PromptTemplate
  /** What the template is rendered by; ended with the model. */
  readonly renderer: TemplateRenderer
  /** Where the layers on a GPU are. */
  readonly gpus: readonly Gpu[]
  readonly device: string
  readonly resultsKey: string
  readonly gpuLayers: number
  readonly fallbacks: readonly string[]
}

class LlamaModel implements Language {
  readonly facts: GgufFacts
  readonly width: number
  readonly vocabulary: number
  readonly positions: PositionKind
  readonly device: string
  readonly resultsKey: string
  readonly fallbacks: readonly string[]
  readonly gpuLayers: number
  readonly layers: number
  readonly #library: LlamaLibrary
  readonly #gpus: readonly Gpu[]
  readonly #model: Pointer
  readonly #tokenizer: Tokenizer
  readonly #template: PromptTemplate
  readonly #renderer: TemplateRenderer
  readonly #spaces: { readonly spaceOnce: boolean; readonly spaceUnlessGiven: boolean }
  readonly #sessions = new Set<Session>()
  readonly #fingerprint: Uint8Array
  readonly #weightBytes: number
  readonly #cellType: number
  readonly #cellBytes: number
  #closed = false

  constructor(
    library: LlamaLibrary,
    model: Pointer,
    { facts, options, tokenizer, template, renderer, gpus, device, resultsKey, gpuLayers, fallbacks }: LoadedFacts,
  ) {
    const { api } = library
    this.facts = facts
    this.#library = library
    this.#gpus = gpus
    this.#model = model
    this.#tokenizer = tokenizer
    this.#spaces = { spaceOnce: options.spaceOnce ?? false, spaceUnlessGiven: options.spaceUnlessGiven ?? false }
    this.#template = template
    this.#renderer = renderer
    this.#weightBytes = Number(api.modelBytes(model))
    // What is exact on disk stays so in the cache; 16 bits are as good for everything else.
    this.#cellType = api.modelFileType(model) === FTYPE_ALL_F32 ? GGML_TYPE_F32 : GGML_TYPE_F16
    this.#cellBytes = facts.cellNumbers * (this.#cellType === GGML_TYPE_F32 ? 4 : 2)
    const rope = api.modelRopeType(model)
    this.positions = rope === ROPE_TYPE_MROPE || rope === ROPE_TYPE_IMROPE ? 'grid' : 'line'
    this.layers = api.modelLayers(model) + 1
    this.gpuLayers = Math.min(gpuLayers, this.layers)
    this.#fingerprint = createHash('sha256')
      .update(JSON.stringify([LLAMA_RELEASE, facts.fingerprint, this.#cellType, resultsKey]))
      .digest()
    this.width = api.modelWidth(model)
    this.vocabulary = this.#tokenizer.size
    this.device = device
    this.resultsKey = resultsKey
    this.fallbacks = fallbacks
  }

  get #onGpu(): boolean {
    return this.gpuLayers > 0
  }

  async freeGpuMemory(): Promise<number | null> {
    return this.#gpus.length > 0 ? memoryOf(this.#gpus).free : null
  }

  tokenize(text: string): number[] {
    this.#open()
    return this.#tokenizer.tokenize(text)
  }

  detokenize(tokens: readonly number[], options: { special?: boolean } = {}): string {
    this.#open()
    return this.#tokenizer.detokenize(tokens, options.special)
  }

  async prompt(messages: readonly ChatMessage[], options: PromptOptions): Promise<PromptSegment[]> {
    this.#open()
    return await buildPrompt(this.#template, this.#tokenizer, messages, { ...options, ...this.#spaces, batch: BATCH })
  }

  checkGrammar(grammar: string): void {
    this.#open()
    this.#library.api.samplerFree(openGrammar(this.#tokenizer, grammar))
  }

  async open({ cells }: { cells: number }): Promise<Session> {
    this.#open()
    const { api, threads, pools, isEmpty, logMark, complaints } = this.#library
    const mark = logMark()
    if (!this.#onGpu && this.#cellBytes * cells > memoryLimit()) throw tooLarge(cells)
    const context = await callAsync(api.initFromModel, this.#model, {
      ...api.contextDefaultParams(),
      n_ctx: Math.max(LEAST_CELLS, Math.ceil(cells)),
      n_batch: BATCH,
      n_ubatch: BATCH,
      n_seq_max: 1,
      // Logits of the last token only: a whole batch of a large vocabulary's would take hundreds of megabytes.
      n_outputs_max: 1,
      n_threads: threads,
      n_threads_batch: threads,
      // Flash attention rounds to 16 bits on the way: 0.04 on logits that spread by 2, instead of 0.0006.
      flash_attn_type: this.#cellType === GGML_TYPE_F32 ? FLASH_ATTENTION_OFF : FLASH_ATTENTION_AUTO,
      type_k: this.#cellType,
      type_v: this.#cellType,
      offload_kqv: this.#onGpu,
      op_offload: this.#onGpu,
    })
    if (context === null) {
      throw tooLarge(cells, new Error((await complaints(mark)).join(' ')))
    }
    // The part that runs on a GPU is not theirs to compute.
    const threadsOf = (rows: number) => (this.#onGpu ? threads : threadsFor(this.#weightBytes, rows, threads))
    const pool = threads > 1 ? (pools?.make(threads) ?? null) : null
    // One thread alone needs no waking of others.
    if (pool) api.attachThreadPool(context, threadsOf(1) === 1 ? null : pool.address, pool.address)
    const session = new LlamaSession({
      api,
      context,
      tokenizer: this.#tokenizer,
      width: this.width,
      mrope: this.positions === 'grid',
      batch: BATCH,
      isEmpty,
      threadsFor: threadsOf,
      pool,
      fingerprint: this.#fingerprint,
      onClosed: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    if (this.#closed) await session[Symbol.asyncDispose]()
    this.#open()
    return session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#renderer[Symbol.asyncDispose]()
    await Promise.all([...this.#sessions].map((session) => session[Symbol.asyncDispose]()))
    this.#library.api.modelFree(this.#model)
  }

  #open(): void {
    if (this.#closed) throw new Error('the model is closed')
  }
}
