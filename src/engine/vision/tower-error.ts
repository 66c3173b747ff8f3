import type { ModelManifest } from '../../shared/model-manifest.ts'
import { openClip } from '../media/open-clip.ts'
import { openTower } from './open-tower.ts'

/** Of each clip its first and its last frame. */
const FRAMES = 2
/** Of a frame: some hundred patches tell as much as thousands, and a large tower on a slow machine takes seconds for them. */
const MAX_PIXELS = 224 * 224

export type TowerError = NonNullable<ModelManifest['vision']['error']>

/**
 * The rows that the tower in a model's folder gives for a few frames of clips. Always on the CPU, so that towers compare; weights stay in
 * their file, so that machines with little memory can.
 */
export async function embedSamples(
  directory: string,
  manifest: ModelManifest,
  clips: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  await using tower = await openTower(directory, manifest, { device: 'cpu', mapped: true, signal })
  const rows: Float32Array[] = []
  for (const path of clips) {
    await using clip = await openClip(path, signal)
    const frames = clip.frames(clip.plan({ kind: 'uniform', count: FRAMES }), signal)
    for await (const embedded of tower.embed(frames, { frameCount: FRAMES, maxPixels: MAX_PIXELS, signal })) rows.push(embedded.rows)
  }
  return rows
}

/** How far a tower's rows of `width` values lie from those of the same tower in 32 bits. */
export function compareRows(exact: readonly Float32Array[], rows: readonly Float32Array[], width: number, clips: number): TowerError {
  let [count, sum, worst] = [0, 0, 1]
  for (const [frame, values] of exact.entries()) {
    const others = rows[frame]
    if (others?.length !== values.length) throw new RangeError(`frame ${frame} has ${others?.length} values instead of ${values.length}`)
    for (let at = 0; at < values.length; at += width) {
      const cosine = cosineOf(values.subarray(at, at + width), others.subarray(at, at + width))
      sum += cosine
      worst = Math.min(worst, cosine)
      count++
    }
  }
  return { clips, rows: count, cosine: rounded(sum / count), worst: rounded(worst) }
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  if (aa === 0 && bb === 0) return 1
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)))
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
