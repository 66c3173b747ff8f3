import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import { Random } from './random.ts'
import type { Scene } from './scene.ts'
import { type ClipShape, randomSceneClip } from './scene-clip.ts'

/** Increased whenever the same seed would generate a different clip, so that clips from older versions are not reused. */
export const GENERATOR_VERSION = 2

/** First random stream of the scenes; training (3 to 11) and the test on held-out clips (from 100,000) use other streams. */
const SCENE_STREAM = 500_000
const QUESTION_STREAM = 500_001
const EXCHANGE_STREAM = 500_002

const seedSchema = z
  .int()
  .min(1)
  .max(2 ** 40)

/** A clip of the benchmark before rendering. */
export interface DrawnClip {
  readonly scene: Scene
  readonly shape: ClipShape
  /** Random numbers for the questions about it. */
  readonly questions: Random
  /** Random numbers for the false statement about it. */
  readonly exchange: Random
}

/** Returns the clip of an annotation's `vid`, which is the seed that determines everything. Throws `bench-damaged` for an invalid `vid`. */
export function clipOf(vid: unknown): DrawnClip & { readonly seed: number } {
  const seed = seedSchema.safeParse(vid)
  if (!seed.success) {
    throw new TarsierError(
      'bench-damaged',
      `"${String(vid).slice(0, 80)}" is not a clip of moving-shapes. Its clips have whole numbers as names.`,
    )
  }
  const random = (stream: number) => new Random(seed.data, stream)
  return {
    seed: seed.data,
    ...randomSceneClip(random(SCENE_STREAM)),
    questions: random(QUESTION_STREAM),
    exchange: random(EXCHANGE_STREAM),
  }
}
