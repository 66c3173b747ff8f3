import type { InferenceSession } from 'onnxruntime-node'

/** `plain` uses matrix products instead of ONNX Runtime's fused attention operator; see `plain-attention.ts`. */
export type Attention = 'fused' | 'plain'

export interface TowerSessionOptions {
  readonly device: string
  readonly attention: Attention
  /** Number of threads; 0 lets ONNX Runtime choose, which uses the number of physical cores. */
  readonly threads: number
  /**
   * Whether weights are used from the mapped file instead of being copied to the layout of the kernels. A tower of several gigabytes then
   * needs hardly any memory that the system cannot reclaim, and loads immediately; runs take up to an eighth longer. 16-bit weights
   * are converted in every run, see `late-casts.ts`. For the CPU only.
   */
  readonly mapped: boolean
}

/** What a session needs to know besides the choices of the caller. */
export interface SessionFacts {
  /** Whether sums of signed products overflow on this processor, see `signed-products.ts`. */
  readonly signedOverflow: boolean
  /** Folder of the weights file, for a graph that is passed as bytes and therefore has no folder. */
  readonly weightsFolder?: string | undefined
}

/**
 * Options of a tower's session. Worker threads sleep between operators instead of spinning, because spinning uses whole cores after a run,
 * which slows down decoding and llama.cpp, and has no benefit here.
 */
export function sessionOptions(
  { device, threads, mapped }: TowerSessionOptions,
  { signedOverflow, weightsFolder }: SessionFacts,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    // DirectML does not support memory patterns; on other devices, memory for a run is allocated at once.
    enableMemPattern: device !== 'dml',
    logSeverityLevel: device === 'cpu' ? 3 : 4,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        // Makes signed 8-bit weights unsigned.
        ...(signedOverflow && { x64quantprecision: '1' }),
        ...(mapped && { disable_prepacking: '1' }),
        ...(weightsFolder !== undefined && { model_external_initializers_file_folder_path: weightsFolder }),
      },
      // Otherwise ONNX Runtime converts 16-bit weights while loading.
      ...(mapped && {
        optimization: {
          constant_folding_max_output_size_in_bytes: '65536',
          disable_specified_optimizers: 'FuseFp16InitializerToFp32NodeTransformer',
        },
      }),
    },
  }
}
