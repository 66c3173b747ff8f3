import { TarsierError } from '../../shared/errors.ts'
import { type Gpu, memoryOf } from './gpus.ts'
import type { LlamaLibrary } from './llama-library.ts'

/** Number of layers on the GPU, with a notice if these are not all layers. */
export interface GpuLayers {
  readonly layers: number
  readonly notice: string | null
}

const NOTHING_FITS: GpuLayers = { layers: 0, notice: 'The model does not fit into the GPU memory and runs on the CPU.' }

/** GPUs for a language model, and what limits their use. */
export interface UsableGpus {
  readonly gpus: readonly Gpu[]
  /** Further GPUs of this machine, which are not selected. */
  readonly others: readonly Gpu[]
  /** Replaces the free memory if it is lower, in bytes; infinite by default. */
  readonly limit: number
  /** Bytes that the vision tower needs on one of this machine's GPUs; 0 if it uses none. */
  readonly tower: number
}

/**
 * Number of layers that fit on the GPU next to a context of `cells` cells and the vision tower, as estimated by node-llama-cpp; 0 if no GPU is to be
 * used. If no layer fits next to the tower, as many as fit without it, because the tower can use the CPU.
 * @param wanted fixed number of layers, instead of the estimate
 */
export async function chooseGpuLayers(
  library: LlamaLibrary,
  file: string,
  options: { cells: number; usable: UsableGpus; wanted: number | undefined; signal: AbortSignal },
): Promise<GpuLayers> {
  const { gpus, others, limit, tower } = options.usable
  if (gpus.length === 0) return { layers: 0, notice: null }
  if (options.wanted !== undefined) return { layers: options.wanted, notice: null }
  const { GgufInsights, InsufficientMemoryError, readGgufFileInfo } = await import('node-llama-cpp')
  try {
    const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false, signal: options.signal })
    const insights = await GgufInsights.from(info, await library.llama())
    const fitting = async (reserved: number): Promise<number> => {
      try {
        const { gpuLayers } = await insights.configurationResolver.resolveModelGpuLayersV2(
          { fitContext: { contextSize: options.cells } },
          {
            signal: options.signal,
            async getVramState() {
              const { free, total } = memoryOf(gpus)
              return { free: Math.max(0, Math.min(free, limit) - reserved), total: Math.min(total, limit), unifiedSize: 0 }
            },
            // Use an explicit limit in full; keep some of the free memory for other programs.
            ...(Number.isFinite(limit) && { llamaVramPaddingSize: 0 }),
          },
        )
        return gpuLayers
      } catch (error) {
        if (error instanceof InsufficientMemoryError) return 0
        throw error
      }
    }
    const total = insights.totalLayers
    const freeOf = (gpu: Gpu) => Math.min(gpu.memory().free, limit)
    const reserved = reservedForTower(tower, gpus.map(freeOf), others.map(freeOf))
    const besideTower = await fitting(reserved)
    const layers = besideTower > 0 || reserved === 0 ? besideTower : await fitting(0)
    if (layers >= total) return { layers, notice: null }
    if (layers === 0) return NOTHING_FITS
    const beside = reserved > 0 && besideTower > 0 ? ' next to the vision tower' : ''
    return { layers, notice: `Only ${layers} of ${total} layers fit into the GPU memory${beside}; the rest run on the CPU.` }
  } catch (error) {
    options.signal.throwIfAborted()
    throw new TarsierError('internal', 'The GPU memory the model needs could not be estimated. Choose the CPU as the device.', {
      cause: error,
    })
  }
}

/**
 * Bytes of the language model's GPUs to leave free, so that a tower that needs `tower` bytes fits on one of this machine's GPUs afterwards; 0 if it
 * fits on another one, or on none. llama.cpp uses the same share of the free memory of each of its GPUs.
 * @param free free bytes of each GPU of the language model
 * @param others free bytes of each other GPU
 */
export function reservedForTower(tower: number, free: readonly number[], others: readonly number[]): number {
  const most = Math.max(...free)
  if (tower === 0 || tower > most || others.some((bytes) => bytes >= tower)) return 0
  return Math.ceil((tower * free.reduce((sum, bytes) => sum + bytes, 0)) / most)
}
