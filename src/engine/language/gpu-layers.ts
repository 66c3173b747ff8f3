import { TarsierError } from '../../shared/errors.ts'
import { type Gpu, memoryOf } from './gpus.ts'
import type { LlamaLibrary } from './llama-library.ts'

/** Number of layers on the GPU, with a notice if these are not all layers. */
export interface GpuLayers {
  readonly layers: number
  readonly notice: string | null
}

const NOTHING_FITS: GpuLayers = { layers: 0, notice: 'The model does not fit into the GPU memory and runs on the CPU.' }

/**
 * Number of layers that fit on the GPU next to a context of `cells` cells, as estimated by node-llama-cpp; 0 if no GPU is to be used.
 * @param memory the GPUs to use, and a limit on their memory in bytes that replaces the free memory
 * @param wanted fixed number of layers, instead of the estimate
 */
export async function chooseGpuLayers(
  library: LlamaLibrary,
  file: string,
  options: {
    cells: number
    memory: { gpus: readonly Gpu[]; limit: number | undefined }
    wanted: number | undefined
    signal: AbortSignal
  },
): Promise<GpuLayers> {
  const { llama } = library
  const { gpus, limit = Number.POSITIVE_INFINITY } = options.memory
  if (gpus.length === 0) return { layers: 0, notice: null }
  if (options.wanted !== undefined) return { layers: options.wanted, notice: null }
  const { GgufInsights, InsufficientMemoryError, readGgufFileInfo } = await import('node-llama-cpp')
  try {
    const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false, signal: options.signal })
    const insights = await GgufInsights.from(info, llama)
    const { gpuLayers } = await insights.configurationResolver.resolveModelGpuLayersV2(
      { fitContext: { contextSize: options.cells } },
      {
        signal: options.signal,
        async getVramState() {
          const { free, total } = memoryOf(gpus)
          return { free: Math.min(free, limit), total: Math.min(total, limit), unifiedSize: 0 }
        },
        // Use an explicit limit in full; keep some of the free memory for other programs.
        ...(Number.isFinite(limit) && { llamaVramPaddingSize: 0 }),
      },
    )
    const total = insights.totalLayers
    if (gpuLayers >= total) return { layers: gpuLayers, notice: null }
    if (gpuLayers === 0) return NOTHING_FITS
    return { layers: gpuLayers, notice: `Only ${gpuLayers} of ${total} layers fit into the GPU memory; the rest run on the CPU.` }
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof InsufficientMemoryError) return NOTHING_FITS
    throw new TarsierError('internal', 'The GPU memory the model needs could not be estimated. Choose the CPU as the device.', {
      cause: error,
    })
  }
}
