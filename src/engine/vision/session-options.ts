import type { InferenceSession } from 'onnxruntime-node'

/**
 * Options of a tower's session. Worker threads sleep between operators instead of spinning: spinning burns whole cores after
 * a run and slows decoding and llama.cpp beside it, and gains nothing here.
 */
export function sessionOptions(device: string, threads: number): InferenceSession.SessionOptions {
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
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  }
}
