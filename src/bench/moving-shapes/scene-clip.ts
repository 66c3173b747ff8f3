import { VideoWriter } from '../../engine/media/video-writer.ts'
import type { Random } from './random.ts'
import { drawScene } from './render.ts'
import { randomScene, type Scene } from './scene.ts'
import { randomGrid } from './training-grids.ts'

export interface ClipShape {
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly rate: number
  /** x264's CRF; lower values mean higher quality. */
  readonly crf: number
}

/** Returns a random scene and parameters of its file: random size, shape, length, frame rate and quality. */
export function randomSceneClip(random: Random): { scene: Scene; shape: ClipShape } {
  const wanted = random.between(...randomGrid(random).aspects)
  const long = random.whole(80, 320) * 2
  const width = wanted >= 1 ? long : even(long * wanted)
  const height = wanted >= 1 ? even(long / wanted) : long
  const rate = random.pick([8, 10, 12, 15, 24, 25, 30])
  const frames = Math.max(16, Math.round(rate * random.between(2, 6)))
  return {
    scene: randomScene(random, { aspect: width / height, phases: 2 }),
    shape: { width, height, rate, frames, crf: random.whole(16, 27) },
  }
}

/** Renders the scene and encodes it as H.264. The same seed gives the same file. */
export async function writeSceneClip(
  path: string,
  scene: Scene,
  { width, height, frames, rate, crf }: ClipShape,
  seed: number,
  signal?: AbortSignal,
): Promise<void> {
  await using writer = new VideoWriter(path, {
    container: 'mp4',
    encoder: 'libx264',
    width,
    height,
    ticks: rate,
    constantRate: true,
    gop: 48,
    bFrames: 2,
    options: { preset: 'veryfast', crf: String(crf) },
  })
  for (let i = 0; i < frames; i++) {
    signal?.throwIfAborted()
    const rgb = new Uint8Array(width * height * 3)
    drawScene(scene, i / (frames - 1), { width, height, rgb }, { noiseSeed: seed * 1000 + i })
    await writer.write({ width, height, rgb }, i)
  }
  await writer.finish()
}

function even(value: number): number {
  return Math.max(2, Math.round(value / 2) * 2)
}
