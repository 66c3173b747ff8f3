import koffi, { type LibraryHandle, type TypeObject } from 'koffi'

/**
 * The subset of llama.h and ggml.h in use, in the layout of the release that node-llama-cpp ships. Must be updated together with the pinned
 * node-llama-cpp: `layout-check.ts` rejects all other releases.
 */
export const LLAMA_RELEASE = 'v0.4.0'
/** Runtime of the language model in stored test results. */
export const LLAMA_RUNTIME = `llama.cpp ${LLAMA_RELEASE}`

/** A native address. */
export type Pointer = bigint

/** A native function; `async` runs it on a koffi worker thread. */
export interface NativeFunction<A extends unknown[], R> {
  (...args: A): R
  async(...args: [...A, (error: Error | null, result: R) => void]): void
}

/**
 * Runs a native function off the main thread. All memory that its arguments point to must stay valid and must not move until it has
 * finished.
 */
export function callAsync<A extends unknown[], R>(native: NativeFunction<A, R>, ...args: A): Promise<R> {
  return new Promise((resolve, reject) => {
    native.async(...args, (error, result) => (error ? reject(error) : resolve(result)))
  })
}

export interface ModelParams {
  devices: Pointer | null
  tensor_buft_overrides: Pointer | null
  n_gpu_layers: number
  split_mode: number
  load_mode: number
  lazy_mode: number
  main_gpu: number
  tensor_split: Pointer | null
  progress_callback: Pointer | null
  progress_callback_user_data: Pointer | null
  kv_overrides: Pointer | null
  vocab_only: boolean
  check_tensors: boolean
  use_extra_bufts: boolean
  no_host: boolean
  no_alloc: boolean
  load_mtp: boolean
}

export interface ContextParams {
  n_ctx: number
  n_batch: number
  n_ubatch: number
  n_seq_max: number
  n_rs_seq: number
  n_outputs_max: number
  n_outputs_max_per_seq: number
  n_threads: number
  n_threads_batch: number
  ctx_type: number
  rope_scaling_type: number
  pooling_type: number
  attention_type: number
  flash_attn_type: number
  rope_freq_base: number
  rope_freq_scale: number
  yarn_ext_factor: number
  yarn_attn_factor: number
  yarn_beta_fast: number
  yarn_beta_slow: number
  yarn_orig_ctx: number
  defrag_thold: number
  cb_eval: Pointer | null
  cb_eval_user_data: Pointer | null
  type_k: number
  type_v: number
  abort_callback: Pointer | null
  abort_callback_data: Pointer | null
  embeddings: boolean
  offload_kqv: boolean
  no_perf: boolean
  op_offload: boolean
  swa_full: boolean
  kv_unified: boolean
  samplers: Pointer | null
  n_samplers: number
  ctx_other: Pointer | null
}

export interface QuantizeParams {
  /** 0 or less: all threads of the machine. */
  nthread: number
  ftype: number
  output_tensor_type: number
  token_embedding_type: number
  allow_requantize: boolean
  quantize_output_tensor: boolean
  only_copy: boolean
  pure: boolean
  keep_split: boolean
  dry_run: boolean
  imatrix: Pointer | null
  kv_overrides: Pointer | null
  tt_overrides: Pointer | null
  prune_layers: Pointer | null
  /** Maximum bytes of a tensor's rows in memory at once: source, 32-bit and quantized rows together. */
  max_buf_size: number
}

/**
 * Either `token` or `embd` is set, never both. `pos` contains one plane for tokens, and four planes one after another for rows of an M-RoPE
 * model.
 */
export interface Batch {
  n_tokens: number
  token: Pointer | null
  embd: Pointer | null
  pos: Pointer
  n_seq_id: Pointer
  seq_id: Pointer
  logits: Pointer
}

/** Enum values that are passed or read. */
export const GGML_TYPE_F32 = 0
export const GGML_TYPE_F16 = 1
export const FTYPE_ALL_F32 = 0
export const FTYPE_MOSTLY_Q8_0 = 7
export const FTYPE_MOSTLY_Q4_K_M = 15
export const FTYPE_MOSTLY_Q5_K_M = 17
export const FTYPE_MOSTLY_Q6_K = 18
/** Last tensor type plus one; as an argument it means the default of the file type. */
export const GGML_TYPE_COUNT = 43
export const FLASH_ATTENTION_AUTO = -1
export const FLASH_ATTENTION_OFF = 0
export const VOCAB_TYPE_NONE = 0
export const TOKEN_ATTR_UNKNOWN = 1 << 0
export const TOKEN_ATTR_CONTROL = 1 << 3
export const ROPE_TYPE_MROPE = 8
export const ROPE_TYPE_IMROPE = 40
/** Magic and version of a saved sequence, and the size of the header before its token list in bytes. */
export const SEQUENCE_MAGIC = 0x67677371
export const SEQUENCE_VERSION = 3
export const SEQUENCE_HEADER_BYTES = 12
/** Magic at the start of a sequence that was copied to memory; flags follow it. */
export const SEQUENCE_COPY_MAGIC = 0xaf143cd8
export const SEQUENCE_COPY_HEADER_BYTES = 8

/** Part of `struct ggml_tensor` that `ggml_is_empty` reads; the abort flag uses this layout. */
export const TENSOR_BYTES = 512
export const TENSOR_NE_OFFSET = 16

export type ProgressCallback = (fraction: number, userData: Pointer | null) => boolean

export interface LlamaStructs {
  readonly modelParams: TypeObject
  readonly contextParams: TypeObject
  readonly quantizeParams: TypeObject
  readonly batch: TypeObject
  readonly progressCallback: TypeObject
}

/** The types are anonymous, because koffi's type names are global to the process, and this module may be evaluated twice in one process. */
function declareStructs(): LlamaStructs & { samplerChainParams: TypeObject } {
  const progressCallback = koffi.proto('bool', ['float', 'void *'])
  return {
    progressCallback,
    samplerChainParams: koffi.struct({ no_perf: 'bool' }),
    batch: koffi.struct({
      n_tokens: 'int32_t',
      token: 'void *',
      embd: 'void *',
      pos: 'void *',
      n_seq_id: 'void *',
      seq_id: 'void *',
      logits: 'void *',
    }),
    modelParams: koffi.struct({
      devices: 'void *',
      tensor_buft_overrides: 'void *',
      n_gpu_layers: 'int32_t',
      split_mode: 'int',
      load_mode: 'int',
      lazy_mode: 'int',
      main_gpu: 'int32_t',
      tensor_split: 'void *',
      progress_callback: 'void *',
      progress_callback_user_data: 'void *',
      kv_overrides: 'void *',
      vocab_only: 'bool',
      check_tensors: 'bool',
      use_extra_bufts: 'bool',
      no_host: 'bool',
      no_alloc: 'bool',
      load_mtp: 'bool',
    }),
    contextParams: koffi.struct({
      n_ctx: 'uint32_t',
      n_batch: 'uint32_t',
      n_ubatch: 'uint32_t',
      n_seq_max: 'uint32_t',
      n_rs_seq: 'uint32_t',
      n_outputs_max: 'uint32_t',
      n_outputs_max_per_seq: 'uint32_t',
      n_threads: 'int32_t',
      n_threads_batch: 'int32_t',
      ctx_type: 'int',
      rope_scaling_type: 'int',
      pooling_type: 'int',
      attention_type: 'int',
      flash_attn_type: 'int',
      rope_freq_base: 'float',
      rope_freq_scale: 'float',
      yarn_ext_factor: 'float',
      yarn_attn_factor: 'float',
      yarn_beta_fast: 'float',
      yarn_beta_slow: 'float',
      yarn_orig_ctx: 'uint32_t',
      defrag_thold: 'float',
      cb_eval: 'void *',
      cb_eval_user_data: 'void *',
      type_k: 'int',
      type_v: 'int',
      abort_callback: 'void *',
      abort_callback_data: 'void *',
      embeddings: 'bool',
      offload_kqv: 'bool',
      no_perf: 'bool',
      op_offload: 'bool',
      swa_full: 'bool',
      kv_unified: 'bool',
      samplers: 'void *',
      n_samplers: 'size_t',
      ctx_other: 'void *',
    }),
    quantizeParams: koffi.struct({
      nthread: 'int32_t',
      ftype: 'int',
      output_tensor_type: 'int',
      token_embedding_type: 'int',
      allow_requantize: 'bool',
      quantize_output_tensor: 'bool',
      only_copy: 'bool',
      pure: 'bool',
      keep_split: 'bool',
      dry_run: 'bool',
      imatrix: 'void *',
      kv_overrides: 'void *',
      tt_overrides: 'void *',
      prune_layers: 'void *',
      max_buf_size: 'size_t',
    }),
  }
}

/**
 * Declares all functions in use. Throws if the library does not export one of them.
 * @param llama the loaded libllama
 */
export function declareLlama(llama: LibraryHandle) {
  const types = declareStructs()
  const pointer = 'void *'
  function native<A extends unknown[], R>(name: string, result: string | TypeObject, args: (string | TypeObject)[]): NativeFunction<A, R> {
    return llama.func(name, result, args)
  }
  return {
    types,

    version: native<[], string>('llama_version', 'str', []),
    modelDefaultParams: native<[], ModelParams>('llama_model_default_params', types.modelParams, []),
    contextDefaultParams: native<[], ContextParams>('llama_context_default_params', types.contextParams, []),
    quantizeDefaultParams: native<[], QuantizeParams>('llama_model_quantize_default_params', types.quantizeParams, []),
    /** Quantizes a file into another file; returns 0 on success, otherwise the log contains the error. */
    quantize: native<[string, string, QuantizeParams], number>('llama_model_quantize', 'uint32_t', [
      'str',
      'str',
      koffi.pointer(types.quantizeParams),
    ]),

    modelLoadFromFile: native<[string, ModelParams], Pointer | null>('llama_model_load_from_file', pointer, ['str', types.modelParams]),
    modelFree: native<[Pointer], void>('llama_model_free', 'void', [pointer]),
    modelGetVocab: native<[Pointer], Pointer>('llama_model_get_vocab', pointer, [pointer]),
    modelRopeType: native<[Pointer], number>('llama_model_rope_type', 'int', [pointer]),
    modelContextTrain: native<[Pointer], number>('llama_model_n_ctx_train', 'int32_t', [pointer]),
    modelWidth: native<[Pointer], number>('llama_model_n_embd_inp', 'int32_t', [pointer]),
    modelLayers: native<[Pointer], number>('llama_model_n_layer', 'int32_t', [pointer]),
    modelBytes: native<[Pointer], number | bigint>('llama_model_size', 'uint64_t', [pointer]),
    modelFileType: native<[Pointer], number>('llama_model_ftype', 'int', [pointer]),
    modelMetadata: native<[Pointer, string, Uint8Array, number], number>('llama_model_meta_val_str', 'int32_t', [
      pointer,
      'str',
      pointer,
      'size_t',
    ]),
    modelHasDecoder: native<[Pointer], boolean>('llama_model_has_decoder', 'bool', [pointer]),
    modelHasEncoder: native<[Pointer], boolean>('llama_model_has_encoder', 'bool', [pointer]),

    initFromModel: native<[Pointer, ContextParams], Pointer | null>('llama_init_from_model', pointer, [pointer, types.contextParams]),
    free: native<[Pointer], void>('llama_free', 'void', [pointer]),
    contextSize: native<[Pointer], number>('llama_n_ctx', 'uint32_t', [pointer]),
    setThreads: native<[Pointer, number, number], void>('llama_set_n_threads', 'void', [pointer, 'int32_t', 'int32_t']),
    /** Pools for batches of one token, and for larger ones; with null, threads are created for every batch. */
    attachThreadPool: native<[Pointer, Pointer | null, Pointer | null], void>('llama_attach_threadpool', 'void', [
      pointer,
      pointer,
      pointer,
    ]),
    setAbortCallback: native<[Pointer, Pointer, Pointer], void>('llama_set_abort_callback', 'void', [pointer, pointer, pointer]),
    decode: native<[Pointer, Batch], number>('llama_decode', 'int32_t', [pointer, types.batch]),
    /** Waits for all pending computation: a GPU may still be computing when `decode` returns. */
    synchronize: native<[Pointer], void>('llama_synchronize', 'void', [pointer]),
    logitsAt: native<[Pointer, number], Pointer | null>('llama_get_logits_ith', pointer, [pointer, 'int32_t']),

    getMemory: native<[Pointer], Pointer>('llama_get_memory', pointer, [pointer]),
    memoryRemove: native<[Pointer, number, number, number], boolean>('llama_memory_seq_rm', 'bool', [
      pointer,
      'int32_t',
      'int32_t',
      'int32_t',
    ]),
    /** Arguments: memory, source, target, first position, position after the last; -1 for the end. Shares cells in a unified KV cache. */
    memoryCopy: native<[Pointer, number, number, number, number], void>('llama_memory_seq_cp', 'void', [
      pointer,
      'int32_t',
      'int32_t',
      'int32_t',
      'int32_t',
    ]),
    memoryLastPosition: native<[Pointer, number], number>('llama_memory_seq_pos_max', 'int32_t', [pointer, 'int32_t']),
    stateSize: native<[Pointer, number], number>('llama_state_seq_get_size', 'size_t', [pointer, 'int32_t']),
    /** Returns the number of bytes copied; 0 if they do not fit. */
    stateCopy: native<[Pointer, Uint8Array, number, number], number>('llama_state_seq_get_data', 'size_t', [
      pointer,
      pointer,
      'size_t',
      'int32_t',
    ]),
    stateLoad: native<[Pointer, string, number, Pointer, number, Pointer], number>('llama_state_seq_load_file', 'size_t', [
      pointer,
      'str',
      'int32_t',
      pointer,
      'size_t',
      pointer,
    ]),

    vocabType: native<[Pointer], number>('llama_vocab_type', 'int', [pointer]),
    vocabTokens: native<[Pointer], number>('llama_vocab_n_tokens', 'int32_t', [pointer]),
    vocabText: native<[Pointer, number], string>('llama_vocab_get_text', 'str', [pointer, 'int32_t']),
    vocabAttributes: native<[Pointer, number], number>('llama_vocab_get_attr', 'int', [pointer, 'int32_t']),
    vocabIsEnd: native<[Pointer, number], boolean>('llama_vocab_is_eog', 'bool', [pointer, 'int32_t']),
    vocabAddsBos: native<[Pointer], boolean>('llama_vocab_get_add_bos', 'bool', [pointer]),
    vocabAddsEos: native<[Pointer], boolean>('llama_vocab_get_add_eos', 'bool', [pointer]),
    vocabBos: native<[Pointer], number>('llama_vocab_bos', 'int32_t', [pointer]),
    vocabEos: native<[Pointer], number>('llama_vocab_eos', 'int32_t', [pointer]),
    tokenize: native<[Pointer, Uint8Array, number, Int32Array, number, boolean, boolean], number>('llama_tokenize', 'int32_t', [
      pointer,
      pointer,
      'int32_t',
      pointer,
      'int32_t',
      'bool',
      'bool',
    ]),
    tokenToPiece: native<[Pointer, number, Uint8Array, number, number, boolean], number>('llama_token_to_piece', 'int32_t', [
      pointer,
      'int32_t',
      pointer,
      'int32_t',
      'int32_t',
      'bool',
    ]),

    samplerChain: native<[{ no_perf: boolean }], Pointer>('llama_sampler_chain_init', pointer, [types.samplerChainParams]),
    samplerAdd: native<[Pointer, Pointer], void>('llama_sampler_chain_add', 'void', [pointer, pointer]),
    samplerGreedy: native<[], Pointer>('llama_sampler_init_greedy', pointer, []),
    samplerDraw: native<[number], Pointer>('llama_sampler_init_dist', pointer, ['uint32_t']),
    samplerTopK: native<[number], Pointer>('llama_sampler_init_top_k', pointer, ['int32_t']),
    samplerTopP: native<[number, number], Pointer>('llama_sampler_init_top_p', pointer, ['float', 'size_t']),
    samplerTemperature: native<[number], Pointer>('llama_sampler_init_temp', pointer, ['float']),
    samplerPenalties: native<[number, number, number, number, number], Pointer>('llama_sampler_init_penalties', pointer, [
      'int32_t',
      'int32_t',
      'float',
      'float',
      'float',
    ]),
    /** Arguments: vocabulary, GBNF, name of the first rule. Returns null if the grammar is rejected. */
    samplerGrammar: native<[Pointer, string, string], Pointer | null>('llama_sampler_init_grammar', pointer, [pointer, 'str', 'str']),
    /** Applies to a `llama_token_data_array`. */
    samplerApply: native<[Pointer, Pointer], void>('llama_sampler_apply', 'void', [pointer, pointer]),
    samplerAccept: native<[Pointer, number], void>('llama_sampler_accept', 'void', [pointer, 'int32_t']),
    samplerSample: native<[Pointer, Pointer, number], number>('llama_sampler_sample', 'int32_t', [pointer, pointer, 'int32_t']),
    samplerFree: native<[Pointer], void>('llama_sampler_free', 'void', [pointer]),
  }
}

export type LlamaApi = ReturnType<typeof declareLlama>
