import { TarsierError } from '../../shared/errors.ts'
import {
  type ContextParams,
  FTYPE_MOSTLY_Q8_0,
  GGML_TYPE_COUNT,
  GGML_TYPE_F16,
  LLAMA_RELEASE,
  type LlamaApi,
  type ModelParams,
  type QuantizeParams,
} from './llama-header.ts'

/**
 * Defaults of the pinned release. The fields cover each struct from start to end, so that another layout cannot produce all these values.
 */
const modelDefaults: Partial<ModelParams> = {
  devices: null,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  lazy_mode: 1,
  main_gpu: 0,
  tensor_split: null,
  progress_callback: null,
  kv_overrides: null,
  vocab_only: false,
  use_extra_bufts: true,
  no_alloc: false,
  load_mtp: false,
}

const contextDefaults: Partial<ContextParams> = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_outputs_max_per_seq: 1,
  rope_scaling_type: -1,
  pooling_type: -1,
  attention_type: -1,
  flash_attn_type: -1,
  rope_freq_base: 0,
  yarn_ext_factor: -1,
  yarn_beta_slow: -1,
  defrag_thold: -1,
  cb_eval: null,
  type_k: GGML_TYPE_F16,
  type_v: GGML_TYPE_F16,
  abort_callback: null,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  samplers: null,
  ctx_other: null,
}

const quantizeDefaults: Partial<QuantizeParams> = {
  nthread: 0,
  ftype: FTYPE_MOSTLY_Q8_0,
  output_tensor_type: GGML_TYPE_COUNT,
  token_embedding_type: GGML_TYPE_COUNT,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  dry_run: false,
  imatrix: null,
  prune_layers: null,
  max_buf_size: 8 * 1024 ** 3,
}

/**
 * Throws if the structs of a libllama differ from those in `llama-header.ts`: a call with a wrong layout corrupts memory.
 * @param release the release that the binary reports
 */
export function checkLayout(
  api: Pick<LlamaApi, 'modelDefaultParams' | 'contextDefaultParams' | 'quantizeDefaultParams'>,
  release: string,
): void {
  if (release !== LLAMA_RELEASE) throw wrongLibrary(`it is llama.cpp ${release}`, { release })
  const wrong = [
    ...differences(modelDefaults, api.modelDefaultParams()),
    ...differences(contextDefaults, api.contextDefaultParams()),
    ...differences(quantizeDefaults, api.quantizeDefaultParams()),
  ]
  if (wrong.length > 0) throw wrongLibrary(`its structs have a different layout (${wrong.join(', ')})`, { release, fields: wrong })
}

function differences<T extends object>(wanted: Partial<T>, found: T): string[] {
  return (Object.keys(wanted) as (keyof T & string)[]).filter((field) => wanted[field] !== found[field])
}

function wrongLibrary(why: string, details: { release: string; fields?: string[] }): TarsierError {
  return new TarsierError(
    'native-library',
    `This app requires llama.cpp ${LLAMA_RELEASE} from node-llama-cpp 3.21.1, but a different library was loaded: ${why}. Install Tarsier again.`,
    { details: { wanted: LLAMA_RELEASE, ...details }, remedy: 'install-again' },
  )
}
