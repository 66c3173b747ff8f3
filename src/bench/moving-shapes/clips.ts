import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { Random } from './random.ts'
import type { Scene } from './scene.ts'
import { type ClipShape, randomSceneClip } from './scene-clip.ts'

/** Rises when the same seed would give another clip, so that no clip of before is taken for one of now. */
export const GENERATOR_VERSION = 1

/** Of the random numbers; training (3 to 11) and the test on held-out clips (from 100,000) draw from others. */
const SCENE_STREAM = 500_000
const QUESTION_STREAM = 500_001

const seedSchema = z
  .int()
  .min(1)
  .max(2 ** 40)

/** A clip of the benchmark before it is drawn. */
export interface DrawnClip {
  readonly scene: Scene
  readonly shape: ClipShape
  /** For what is asked about it. */
  readonly questions: Random
}

/** The clip that an annotation's `vid` names: it is the seed everything comes from. Throws `bench-damaged` for a `vid` that is none. */
export function clipOf(vid: unknown): DrawnClip & { readonly seed: number } {
  const seed = seedSchema.safeParse(vid)
  if (!seed.success) {
    throw new TarsierError(
      'bench-damaged',
      `"${String(vid).slice(0, 80)}" is no clip of moving-shapes: its clips are named by whole numbers.`,
    )
  }
  return { seed: seed.data, ...randomSceneClip(new Random(seed.data, SCENE_STREAM)), questions: new Random(seed.data, QUESTION_STREAM) }
}
