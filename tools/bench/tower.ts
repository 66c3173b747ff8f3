import { towerForm } from '../../src/engine/families/families.ts'
import type { Frame } from '../../src/engine/media/types.ts'
import { openTower } from '../../src/engine/vision/open-tower.ts'
import { type FamilyTower, familyTowerFolder, familyTowers } from './family-towers.ts'
import { median, takeTurns } from './measure.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'
import { TransformersTower } from './transformers-tower.ts'

const signal = new AbortController().signal

interface TowerTimes {
  readonly tower: FamilyTower
  readonly tokens: number
  /** Milliseconds for one frame, or for those that the tower sees together, preprocessing included. */
  readonly ours: number
  /** transformers' vision tower with PyTorch's fused attention on the same machine, without preprocessing. */
  readonly transformers: number
}

/** Compares the vision towers of Qwen's families with transformers' own. */
export async function measureTower({ python, rounds }: BenchOptions): Promise<Measured | Skipped> {
  if (python === undefined)
    return { skipped: 'it needs a Python with torch and transformers: npm run bench:speed -- --only tower --python PATH' }
  const times: TowerTimes[] = []
  for (const tower of familyTowers()) times.push(await timeTower(tower, python, rounds))
  return {
    columns: ['tower', 'tokens', 'ours (ONNX Runtime)', 'transformers (PyTorch, fused attention)', 'transformers / ours'],
    rows: times.map(({ tower, tokens, ours, transformers }) => [
      tower.name,
      String(tokens),
      `${ours.toFixed(0)} ms`,
      `${transformers.toFixed(0)} ms`,
      (transformers / ours).toFixed(2),
    ]),
    notes: [
      'Published widths, eight layers, random weights, f32 on the CPU; one frame, or the two that a tower sees together, of about 450,000 pixels. Ours includes preprocessing.',
    ],
    targets: times.map(({ tower, ours, transformers }) => ({
      what: `${tower.name} no slower than transformers`,
      met: ours <= transformers,
    })),
    data: times.map(({ tower: { name, config, size }, ...figures }) => ({ name, config, size, ...figures })),
  }
}

async function timeTower(measured: FamilyTower, python: string, rounds: number): Promise<TowerTimes> {
  const { family, config, size } = measured
  const [width, height] = size
  await using folder = await familyTowerFolder(measured)
  const form = towerForm(folder.manifest)
  await using tower = await openTower(folder.directory, folder.manifest, { form, device: 'cpu', signal })
  await using peer = await TransformersTower.start(python, family, config)
  const frames: Frame[] = Array.from({ length: form.framesPerSlice }, (_, index) => {
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_value, i) => i * (i + index))
    return { index, time: index / 2, width, height, rgb }
  })
  let tokens = 0
  const ours = async () => {
    const start = performance.now()
    for await (const { grid } of tower.embed(streamed(frames), { frameCount: frames.length, signal })) tokens = grid[0] * grid[1]
    return performance.now() - start
  }
  const theirs = () => peer.time(height / config.patch_size, width / config.patch_size)
  // Excludes the allocation and packing in the first run of a size.
  await ours()
  await theirs()
  const times = await takeTurns({ ours: { run: ours }, theirs: { run: theirs } }, rounds)
  return { tower: measured, tokens, ours: median(times.ours), transformers: median(times.theirs) }
}

async function* streamed(frames: readonly Frame[]): AsyncGenerator<Frame> {
  yield* frames
}
