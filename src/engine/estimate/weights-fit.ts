import { memoryLimit } from '../../platform/memory-limit.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { towerMemory } from './memory-needed.ts'

/** Memory that is ample: a multiple of the weights, and bytes for the context, buffers and program. */
const ROOM = { weights: 1.5, rest: 2e9 } as const

/**
 * Whether a model's weights fit into memory with ample room for a run, so that they can be loaded before the run is known and estimated.
 * @param limit free memory in bytes. Defaults to that of the machine
 */
export function weightsFit({ language, vision }: ModelManifest, limit: number = memoryLimit()): boolean {
  const tower = towerMemory(vision.bytes + (vision.data?.bytes ?? 0), vision.precision)
  return ROOM.weights * (language.bytes + tower) + ROOM.rest <= limit
}
