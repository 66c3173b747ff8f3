import { TarsierError } from '../../shared/errors.ts'
import type { LlamaLibrary } from './llama-library.ts'

/** How many layers go to the GPU, and what to say when that is not all of them. */
export interface GpuLayers {
  readonly layers: number
  readonly notice: string | null
}

/**
 * As many layers as node-llama-cpp estimates to fit beside a context of `cells`; none when no GPU is to be used.
 * @param wanted a fixed number instead of an estimate
 */
export async function chooseGpuLayers(
  library: LlamaLibrary,
  file: string,
  options: { cells: number; wanted: number | undefined; signal: AbortSignal },
): Promise<GpuLayers> {
  const { llama } = library
  if (!library.usesGpu) return { layers: 0, notice: null }
  if (options.wanted !== undefined) return { layers: options.wanted, notice: null }
  const { GgufInsights, InsufficientMemoryError, readGgufFileInfo } = await import('node-llama-cpp')
  try {
    const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false, signal: options.signal })
    const insights = await GgufInsights.from(info, llama)
    const { gpuLayers } = await insights.configurationResolver.resolveModelGpuLayersV2(
      { fitContext: { contextSize: options.cells } },
      { signal: options.signal },
    )
    const total = insights.totalLayers
    if (gpuLayers >= total) return { layers: gpuLayers, notice: null }
    return { layers: gpuLayers, notice: `Only ${gpuLayers} of ${total} layers fit into the GPU's memory; the rest run on the CPU.` }
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof InsufficientMemoryError) {
      return { layers: 0, notice: "The model does not fit into the GPU's memory and runs on the CPU." }
    }
    throw new TarsierError('internal', 'The GPU memory the model needs could not be estimated. Choose the CPU as the device.', {
      cause: error,
    })
  }
}
