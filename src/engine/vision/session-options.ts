import type { InferenceSession } from 'onnxruntime-node'

/** `plain` has attention written out instead of ONNX Runtime's fused operator; see `plain-attention.ts`. */
export type Attention = 'fused' | 'plain'

export interface SessionWishes {
  readonly device: string
  readonly attention: Attention
  /** 0 leaves it to ONNX Runtime, which takes the physical cores. */
  readonly threads: number
  /**
   * Weights are read from the file that is mapped instead of being copied into the order that kernels want: a tower of gigabytes takes hardly
   * any memory that the system could not have back, is there at once, and with 32-bit weights takes about a tenth longer to run.
   */
  readonly mapped: boolean
}

/**
 * Options of a tower's session. Worker threads sleep between operators instead of spinning: spinning burns whole cores after
 * a run and slows decoding and llama.cpp beside it, and gains nothing here.
 * @param weightsFolder where the weights of a graph lie that is given as bytes and so has no folder of its own
 */
export function sessionOptions({ device, threads, mapped }: SessionWishes, weightsFolder?: string): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    // DirectML takes no memory pattern; elsewhere it plans a run's memory at once.
    enableMemPattern: device !== 'dml',
    logSeverityLevel: device === 'cpu' ? 3 : 4,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        ...(mapped && { disable_prepacking: '1' }),
        ...(weightsFolder !== undefined && { model_external_initializers_file_folder_path: weightsFolder }),
      },
    },
  }
}
