import { type ComputedTensor, ComputedTensors } from '../formats/computed-tensors.ts'
import type { GraphWeights } from '../formats/onnx/graph-weights.ts'
import type { WrittenMmproj } from './mmproj-content.ts'
import { PATCHES, PREFIX } from './qwen-mmproj-table.ts'
import { SLICES } from './qwen-pair.ts'

const COLOURS = 3
/** Queries, keys and values, which a graph has apart. */
const STACKED = 3

/**
 * The weights of a tower's graph, as `mmprojContent` takes them.
 * @param patches the patch convolution of each slice, [channels, 3, patch, patch]
 * @param computed further weights that are not in the graph, or are written in 32 bits, by their names in a checkpoint without its prefix
 */
export function writtenWeights(
  weights: GraphWeights,
  patches: readonly ComputedTensor[],
  computed: readonly (readonly [string, ComputedTensor])[] = [],
): Pick<WrittenMmproj, 'weights' | 'stored'> {
  const sliceName = (slice: number) => `${PATCHES}.${slice}`
  const all = new ComputedTensors(weights, new Map([...patches.map((patch, slice) => [sliceName(slice), patch] as const), ...computed]))
  return {
    weights: all,
    stored(name, part, parts) {
      if (name === PATCHES) return [sliceName(part)]
      const own = name.slice(PREFIX.length)
      if (all.has(own)) return [own]
      const apart = Array.from({ length: STACKED }, (_, i) => `${own}.${i}`)
      return parts === 1 ? apart : apart.slice(part, part + 1)
    },
  }
}

/** The patch convolution of each slice, from a graph's matrix `name` [channels, slices * 3 * patch²]. */
export function patchesOfSlices(weights: GraphWeights, name: string, channels: number, patch: number): ComputedTensor[] {
  const values = COLOURS * patch ** 2
  return Array.from({ length: SLICES }, (_, slice) => ({
    shape: [channels, COLOURS, patch, patch],
    async floats() {
      const all = await weights.floats(name)
      const own = new Float32Array(channels * values)
      for (let channel = 0; channel < channels; channel++) {
        const from = (channel * SLICES + slice) * values
        own.set(all.subarray(from, from + values), channel * values)
      }
      return own
    },
  }))
}
