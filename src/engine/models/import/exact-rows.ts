import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import { memoryLimit } from '../../memory-limit.ts'
import { embedSamples } from '../../vision/tower-error.ts'
import { resourceFolder } from '../resource-folder.ts'

/** Clips that towers are compared on. */
const CLIPS = ['blue-square-spins.mp4', 'green-triangle-up-yellow-star-down.mp4', 'pink-square-down-then-disappears.mp4'] as const
/** Of the folder with the tower in 32 bits, inside the model's that is being made. */
const EXACT_FOLDER = 'exact'
/** What a tower needs, in parts of its weights: they are held once, in the order that ONNX Runtime's kernels want (measured: 1.03). */
const MEMORY_FACTOR = 1.25

/** The example clips; null when they did not come along. */
export function exampleClips(): readonly string[] | null {
  const folder = resourceFolder('examples', CLIPS[0])
  return folder === null ? null : CLIPS.map((name) => join(folder, name))
}

/** Whether this machine can hold a tower in 32 bits of so many bytes. */
export function canRunExact(bytes: number): boolean {
  return bytes * MEMORY_FACTOR <= memoryLimit()
}

/**
 * What the tower gives in 32 bits for the clips: written for that alone, run, and removed before another is opened. Null where
 * memory did not do after all.
 * @param write fills a folder, and gives the manifest that speaks of what it wrote
 */
export async function exactRows(
  aside: string,
  clips: readonly string[],
  signal: AbortSignal,
  write: (directory: string) => Promise<Parameters<typeof embedSamples>[1]>,
): Promise<Float32Array[] | null> {
  const directory = join(aside, EXACT_FOLDER)
  await mkdir(directory)
  try {
    return await embedSamples(directory, await write(directory), clips, signal)
  } catch (error) {
    if (error instanceof TarsierError && error.code === 'out-of-memory') return null
    throw error
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
