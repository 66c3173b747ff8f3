import { Random } from '../../src/bench/moving-shapes/random.ts'
import { drawScene } from '../../src/bench/moving-shapes/render.ts'
import { randomScene, type Scene } from '../../src/bench/moving-shapes/scene.ts'
import { type ClipOptions, writeClip } from './make-clip.ts'

const WIDTH = 192
const HEIGHT = 108

/**
 * Writes scenes of the given numbers of frames into one file, one after the other with a cut between them. Neighbouring scenes have different
 * backgrounds. Returns the first frame of each scene.
 */
export async function writeShotClip(path: string, lengths: readonly number[], seed: number, options: ClipOptions = {}): Promise<number[]> {
  const scenes = unlikeScenes(lengths.length, seed)
  await writeClip(path, pictures(scenes, lengths, seed), options)
  return lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0))
}

function unlikeScenes(count: number, seed: number): Scene[] {
  const random = new Random(seed)
  const scenes: Scene[] = []
  while (scenes.length < count) {
    const scene = randomScene(random, { aspect: WIDTH / HEIGHT, phases: 2 })
    if (scene.background !== scenes.at(-1)?.background) scenes.push(scene)
  }
  return scenes
}

function* pictures(scenes: readonly Scene[], lengths: readonly number[], seed: number) {
  for (const [shot, scene] of scenes.entries()) {
    const frames = lengths[shot] ?? 0
    for (let i = 0; i < frames; i += 1) {
      const picture = { width: WIDTH, height: HEIGHT, rgb: new Uint8Array(WIDTH * HEIGHT * 3) }
      drawScene(scene, i / Math.max(1, frames - 1), picture, { noiseSeed: seed * 10_000 + shot * 500 + i })
      yield picture
    }
  }
}
