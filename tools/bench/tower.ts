import { towerForm } from '../../src/engine/families/families.ts'
import { qwen2VlVisionConfigSchema } from '../../src/engine/families/qwen2-vl/vision-config.ts'
import type { Frame } from '../../src/engine/media/types.ts'
import { openTower } from '../../src/engine/vision/open-tower.ts'
import { formulaCheckpoint, towerShapes } from '../../test/engine/vision/formula-weights.ts'
import { towerFolder } from '../../test/engine/vision/tower-folder.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'
import { TransformersTower } from './transformers-tower.ts'

const config = { depth: 8, embed_dim: 640, num_heads: 8, mlp_ratio: 4, hidden_size: 896 }
/** 18 by 32 tokens, the size of 16:9 clips with up to 20 frames. */
const [width, height] = [896, 504]
/**
 * Runs per turn. The two contenders alternate, so that a temporary load of the machine does not affect only one; the fastest run of each counts.
 */
const RUNS = 4

interface TowerTimes {
  readonly device: string
  readonly tokens: number
  /** Milliseconds for one frame, preprocessing included. */
  readonly ours: number
  /** transformers' vision tower with PyTorch's fused attention on the same machine, without preprocessing. */
  readonly transformers: number
  /** Increase of resident memory in megabytes with the tower loaded, after a run. */
  readonly megabytes: number
}

/** Compares a mid-sized Qwen2-VL vision tower with transformers'. */
export async function measureTower({ python, rounds }: BenchOptions): Promise<Measured | Skipped> {
  if (python === undefined)
    return { skipped: 'it needs a Python with torch and transformers: npm run bench:speed -- --only tower --python PATH' }
  const times = await timeTower(python, rounds)
  const ratio = times.transformers / times.ours
  const row = (name: string, time: number, more: string) => [name, `${time.toFixed(0)} ms`, more]
  return {
    columns: ['tower', 'a frame', 'memory'],
    rows: [
      row(`ours (ONNX Runtime, ${times.device})`, times.ours, `${times.megabytes.toFixed(0)} MB`),
      row('transformers (PyTorch, fused attention)', times.transformers, ''),
    ],
    notes: [
      `${config.depth} layers of ${config.embed_dim} in f32, random; ${width}×${height}, ${times.tokens} tokens a frame. Ours includes preprocessing. Of each the fastest run.`,
      `Ours is ${ratio.toFixed(2)} times as fast.`,
    ],
    targets: [{ what: 'no slower than transformers', met: ratio >= 1 }],
    data: { config, width, height, ...times },
  }
}

async function timeTower(python: string, rounds: number): Promise<TowerTimes> {
  const signal = new AbortController().signal
  const parsed = qwen2VlVisionConfigSchema.parse(config)
  await using folder = await towerFolder(formulaCheckpoint('visual.', towerShapes(parsed)), parsed, 'f32')
  const before = process.memoryUsage().rss
  await using tower = await openTower(folder.directory, folder.manifest, { form: towerForm(folder.manifest), device: 'auto', signal })
  await using theirs = await TransformersTower.start(python, config)
  async function* frames(): AsyncGenerator<Frame> {
    for (let index = 0; index < RUNS; index++)
      yield { index, time: index, width, height, rgb: new Uint8Array(width * height * 3).fill(index * 40) }
  }
  let ours = Number.POSITIVE_INFINITY
  let transformers = Number.POSITIVE_INFINITY
  let tokens = 0
  for (let round = 0; round < rounds; round++) {
    let last = performance.now()
    for await (const { grid } of tower.embed(frames(), { frameCount: RUNS, signal })) {
      tokens = grid[0] * grid[1]
      ours = Math.min(ours, performance.now() - last)
      last = performance.now()
    }
    for (let run = 0; run < RUNS; run++) transformers = Math.min(transformers, await theirs.time(height / 14, width / 14))
  }
  const megabytes = (process.memoryUsage().rss - before) / 1e6
  return { device: tower.device, tokens, ours, transformers, megabytes }
}
