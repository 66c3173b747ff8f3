import type { ModelManifest } from '../../shared/model-manifest.ts'
import { openClip } from '../media/open-clip.ts'
import { openTower } from './open-tower.ts'
import type { TowerForm } from './tower-form.ts'

/** Of each clip its first and its last frame. */
const FRAMES = 2
/** Of a frame: some hundred patches tell as much as thousands, and a large tower on a slow machine takes seconds for them. */
const MAX_PIXELS = 224 * 224

/**
 * The rows that the tower in a model's folder gives for a few frames of clips. Always on the CPU, so that towers compare; weights stay in
 * their file, so that machines with little memory can.
 */
export async function embedSamples(
  directory: string,
  { manifest, form }: { readonly manifest: ModelManifest; readonly form: TowerForm },
  clips: readonly string[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  await using tower = await openTower(directory, manifest, { form, device: 'cpu', mapped: true, signal })
  const rows: Float32Array[] = []
  for (const path of clips) {
    await using clip = await openClip(path, signal)
    const frames = clip.frames(clip.plan({ kind: 'uniform', count: FRAMES }), signal)
    for await (const embedded of tower.embed(frames, { frameCount: FRAMES, maxPixels: MAX_PIXELS, signal })) rows.push(embedded.rows)
  }
  return rows
}
