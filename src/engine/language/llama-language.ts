import { createHash } from 'node:crypto'
import { memoryLimit } from '../../platform/memory-limit.ts'
import { TarsierError } from '../../shared/errors.ts'
import { type GuardedDevice, runGuarded } from '../devices/device-guard.ts'
import type { GgufMetadata } from './gguf-check.ts'
import { type Gpu, memoryOf } from './gpus.ts'
import { openGrammar } from './grammar-sampler.ts'
import { MAX_OUTPUTS } from './llama-branch.ts'
import {
  callAsync,
  FLASH_ATTENTION_AUTO,
  FLASH_ATTENTION_OFF,
  FTYPE_ALL_F32,
  GGML_TYPE_F16,
  GGML_TYPE_F32,
  LLAMA_RELEASE,
  type Pointer,
  ROPE_TYPE_IMROPE,
  ROPE_TYPE_MROPE,
} from './llama-header.ts'
import type { LlamaLibrary } from './llama-library.ts'
import { LlamaSession } from './llama-session.ts'
import { buildPrompt } from './prompt.ts'
import type { PromptTemplate } from './prompt-template.ts'
import type { TemplateRenderer } from './template-renderer.ts'
import { ThreadControl } from './thread-control.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { ChatMessage, Language, PositionKind, PromptOptions, PromptSegment, Session } from './types.ts'

/** Maximum number of tokens or rows per batch: llama.cpp's default, and the granularity of aborts. */
const BATCH = 512
/** Minimum size of a context. */
const MIN_CELLS = 256

function tooLarge(cells: number, cause?: Error): TarsierError {
  return new TarsierError(
    'out-of-memory',
    `There is not enough memory for a conversation of ${cells} tokens. Use fewer frames or fewer pixels per frame, or a smaller model.`,
    { details: { cells }, ...(cause && { cause }) },
  )
}

export interface LlamaLanguageParts {
  readonly metadata: GgufMetadata
  /** Whether the tokenizer adds a space only before the first text of the prompt. */
  readonly spaceOnce: boolean
  /** Whether the tokenizer omits that space before a text that starts with a space. */
  readonly spaceUnlessGiven: boolean
  /** See `ModelOptions`. */
  readonly threads: number | undefined
  readonly tokenizer: Tokenizer
  readonly template: PromptTemplate
  /** Renders the template; disposed with the model. */
  readonly renderer: TemplateRenderer
  readonly device: string
  readonly resultsKey: string
  readonly gpuLayers: number
  /** GPUs that hold layers; empty if there are none. */
  readonly gpus: readonly Gpu[]
  /** Guard of these GPUs; null without GPUs or without a guard. */
  readonly gpu: GuardedDevice | null
  readonly fallbacks: readonly string[]
}

/** A GGUF model that llama.cpp has loaded. */
export class LlamaLanguage implements Language {
  readonly metadata: GgufMetadata
  readonly width: number
  readonly vocabulary: number
  readonly controls: ReadonlyMap<string, number>
  readonly positions: PositionKind
  readonly takesSystem: boolean
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
  /** Maximum number of threads. */
  readonly #threads: number
  /** One for all sessions, so that each continues with what those before have measured; null if the number stays the same. */
  readonly #threadControl: ThreadControl | null
  readonly #cellType: number
  readonly #cellBytes: number
  readonly #gpu: GuardedDevice | null
  #closed = false

  constructor(library: LlamaLibrary, model: Pointer, parts: LlamaLanguageParts) {
    const { api } = library
    const {
      metadata: facts,
      spaceOnce,
      spaceUnlessGiven,
      threads,
      tokenizer,
      template,
      renderer,
      device,
      resultsKey,
      gpuLayers,
      gpus,
      gpu,
      fallbacks,
    } = parts
    this.metadata = facts
    this.#library = library
    this.#gpus = gpus
    this.#model = model
    this.#tokenizer = tokenizer
    this.#spaces = { spaceOnce, spaceUnlessGiven }
    this.#gpu = gpu
    this.#template = template
    this.takesSystem = template.takesSystem
    this.#renderer = renderer
    // Use a 32-bit KV cache for weights in 32 bits; for all other weights, 16 bits are accurate enough.
    this.#cellType = api.modelFileType(model) === FTYPE_ALL_F32 ? GGML_TYPE_F32 : GGML_TYPE_F16
    this.#cellBytes = facts.cellNumbers * (this.#cellType === GGML_TYPE_F32 ? 4 : 2)
    const rope = api.modelRopeType(model)
    this.positions = rope === ROPE_TYPE_MROPE || rope === ROPE_TYPE_IMROPE ? 'grid' : 'line'
    this.layers = api.modelLayers(model) + 1
    this.gpuLayers = Math.min(gpuLayers, this.layers)
    this.#threads = threads ?? library.threads
    const isFixed = this.#onGpu || threads !== undefined
    this.#threadControl = isFixed ? null : new ThreadControl(Number(api.modelBytes(model)), this.#threads)
    this.#fingerprint = createHash('sha256')
      .update(JSON.stringify([LLAMA_RELEASE, facts.fingerprint, this.#cellType, resultsKey]))
      .digest()
    this.width = api.modelWidth(model)
    this.vocabulary = this.#tokenizer.size
    this.controls = this.#tokenizer.controls
    this.device = device
    this.resultsKey = resultsKey
    this.fallbacks = fallbacks
  }

  get #onGpu(): boolean {
    return this.gpuLayers > 0
  }

  async freeGpuMemory(): Promise<number | null> {
    if (this.#gpus.length === 0) return null
    // A lost device may crash its driver even here.
    return await runGuarded(this.#gpu, 'measuring', async () => memoryOf(this.#gpus).free)
  }

  async mostFreeGpuMemory(): Promise<number | null> {
    if (this.#gpus.length === 0) return null
    return await runGuarded(this.#gpu, 'measuring', async () => Math.max(...this.#library.gpus.map((gpu) => gpu.memory().free)))
  }

  tokenize(text: string): number[] {
    this.#open()
    return this.#tokenizer.tokenize(text)
  }

  tokenizeFurther(text: string): number[] {
    this.#open()
    return this.#tokenizer.tokenizeFurther(text)
  }

  spelling(token: number): Uint8Array {
    this.#open()
    return this.#tokenizer.spelling(token)
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
    const { api, pools, isEmpty, logMark, complaints } = this.#library
    const threads = this.#threads
    const mark = logMark()
    if (!this.#onGpu && this.#cellBytes * cells > memoryLimit()) throw tooLarge(cells)
    const params = {
      ...api.contextDefaultParams(),
      n_ctx: Math.max(MIN_CELLS, Math.ceil(cells)),
      n_batch: BATCH,
      n_ubatch: BATCH,
      // The conversation and a branch of it, in one KV cache, so that a branch shares the cells of the conversation.
      n_seq_max: 2,
      kv_unified: true,
      // The logits of a whole batch with a large vocabulary would take hundreds of megabytes.
      n_outputs_max: MAX_OUTPUTS,
      n_threads: threads,
      n_threads_batch: threads,
      // Flash attention uses 16-bit intermediate results: an error of 0.04 on logits with a spread of 2, instead of 0.0006.
      flash_attn_type: this.#cellType === GGML_TYPE_F32 ? FLASH_ATTENTION_OFF : FLASH_ATTENTION_AUTO,
      type_k: this.#cellType,
      type_v: this.#cellType,
      offload_kqv: this.#onGpu,
      op_offload: this.#onGpu,
    }
    const context = await runGuarded(this.#gpu, 'answering', () => callAsync(api.initFromModel, this.#model, params))
    if (context === null) {
      const error = tooLarge(cells, new Error((await complaints(mark)).join(' ')))
      throw this.#gpu ? this.#gpu.outOfMemory(error) : error
    }
    const pool = threads > 1 ? (pools?.make(threads) ?? null) : null
    const session = new LlamaSession({
      api,
      context,
      tokenizer: this.#tokenizer,
      width: this.width,
      mrope: this.positions === 'grid',
      batch: BATCH,
      isEmpty,
      threads: this.#threadControl,
      pool,
      gpu: this.#gpu,
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
    await runGuarded(this.#gpu, 'closing', async () => this.#library.api.modelFree(this.#model))
  }

  #open(): void {
    if (this.#closed) throw new Error('the model is closed')
  }
}
