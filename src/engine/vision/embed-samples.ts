import type { ModelManifest } from '../../shared/model-manifest.ts'
import { openClip } from '../media/open-clip.ts'
import { openTower } from './open-tower.ts'
import type { TowerForm } from './tower-form.ts'

/** Frames per clip: the first and the last. */
const FRAMES = 2
/**
 * Maximum pixels per frame: some hundred patches are as informative as thousands, for which a large tower takes seconds on a slow machine.
 */
const MAX_PIXELS = 224 * 224

/**
 * Computes the rows of a few frames of clips with the tower in a model's folder. Always uses the CPU, so that the results of towers can be
 * compared; weights stay in their file, so that little memory is sufficient.
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
