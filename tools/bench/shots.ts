import { findShots } from '../../src/engine/media/shots.ts'
import { benchClip, clipLengths, HEIGHT, RATE, WIDTH } from './clips.ts'
import { median } from './measure.ts'
import type { BenchOptions, Measured } from './section.ts'

/** Maximum length of a clip that is passed over more than once. */
const OFTEN_PASSED = 600 * RATE
/** Megabytes by which a longer clip may need more memory than the shortest one, for its index and the allocator. */
const ALLOWED_GROWTH = 200

/** Measures the pass that finds shots, in seconds per hour of clip, and its memory. */
export async function measureShots(options: BenchOptions): Promise<Measured> {
  const data = []
  for (const length of options.clips) {
    const path = await benchClip(options.cache, length, 'mp4')
    const frames = clipLengths[length] ?? 0
    const hours = frames / RATE / 3600
    const passes: Pass[] = []
    for (let round = 0; round < (frames > OFTEN_PASSED ? 1 : options.rounds); round += 1) passes.push(await pass(path))
    data.push({
      length,
      seconds: median(passes.map(({ seconds }) => seconds)) / hours,
      processorSeconds: median(passes.map(({ processorSeconds }) => processorSeconds)) / hours,
      megapixel: (median(passes.map(({ seconds }) => seconds)) * 1e9) / (frames * WIDTH * HEIGHT),
      megabytes: Math.max(...passes.map(({ megabytes }) => megabytes)),
    })
  }
  const memory = data.map(({ megabytes }) => megabytes)
  return {
    columns: ['clip', 'seconds per hour', 'processor seconds per hour', 'ms per megapixel', 'memory'],
    rows: data.map(({ length, seconds, processorSeconds, megapixel, megabytes }) => [
      length,
      `${seconds.toFixed(0)} s (${(3600 / seconds).toFixed(0)}× playback)`,
      `${processorSeconds.toFixed(0)} s`,
      megapixel.toFixed(2),
      `${megabytes.toFixed(0)} MB`,
    ]),
    notes: [`${WIDTH}×${HEIGHT} H.264 at ${RATE} frames per second. Memory is the largest resident size of the process.`],
    targets: [
      { what: 'memory does not grow with the clip', met: Math.max(...memory) - (memory[0] ?? 0) < ALLOWED_GROWTH },
      { what: 'ten times as fast as playback', met: data.every(({ seconds }) => seconds < 360) },
    ],
    data,
  }
}

interface Pass {
  readonly seconds: number
  readonly processorSeconds: number
  readonly megabytes: number
}

async function pass(path: string): Promise<Pass> {
  const start = performance.now()
  const used = process.cpuUsage()
  let megabytes = 0
  for await (const _ of findShots(path, {}, new AbortController().signal)) megabytes = Math.max(megabytes, process.memoryUsage.rss() / 1e6)
  const { user, system } = process.cpuUsage(used)
  return { seconds: (performance.now() - start) / 1000, processorSeconds: (user + system) / 1e6, megabytes }
}
