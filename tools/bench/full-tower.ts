import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { towerForm } from '../../src/engine/families/families.ts'
import { qwen2VlVisionConfigSchema } from '../../src/engine/families/qwen2-vl/vision-config.ts'
import type { Frame } from '../../src/engine/media/types.ts'
import { openTower } from '../../src/engine/vision/open-tower.ts'
import { signedProductsOverflow } from '../../src/engine/vision/signed-products.ts'
import type { Tower } from '../../src/engine/vision/types.ts'
import { ownMemory } from '../../src/platform/memory-limit.ts'
import { returnLargeBuffers } from '../../src/platform/native-heap.ts'
import { type VisionPrecision, visionPrecisions } from '../../src/shared/model-manifest.ts'
import { towerFolder } from '../../test/engine/vision/tower-folder.ts'
import { Closers } from './closers.ts'
import { type Contender, median, milliseconds, takeTurns } from './measure.ts'
import { MtmdTower, smallLanguage, writeMmproj } from './mtmd-tower.ts'
import { randomTower } from './random-tower.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'
import { TransformersTower } from './transformers-tower.ts'
import { watchMemory } from './watch-memory.ts'

/** Qwen2-VL's vision tower, with the projector of the 2B model. */
const config = { depth: 32, embed_dim: 1280, num_heads: 16, mlp_ratio: 4, hidden_size: 1536 }
/** 144, 288 and 576 tokens per frame; the last is 12 below the maximum of Tarsier2's budget. */
const sizes = [
  [336, 336],
  [672, 336],
  [896, 504],
] as const
/** A frame of the largest size takes half a minute on two cores. */
const MAX_ROUNDS = [3, 2, 1] as const
const signal = new AbortController().signal

interface Entrant {
  readonly name: string
  /** Bytes on disk. */
  readonly bytes: number | null
  /** Loading time in milliseconds. */
  readonly loading: number | null
  /** The most memory of its own while it was loaded and tried, in bytes. */
  readonly memory: number | null
  /** Measures only the smallest image, and only once: a package built for generic processors takes minutes for it. */
  readonly once?: boolean
  time(width: number, height: number): Promise<number>
}

/** Measures a full-size vision tower in every precision, beside those of transformers and llama.cpp. */
export async function measureFullTower({ python, llamaNode, rounds }: BenchOptions): Promise<Measured | Skipped> {
  await using closers = new Closers()
  returnLargeBuffers() // as in the engine
  const entrants = await ours(closers)
  if (python !== undefined) {
    const peer = closers.use(await TransformersTower.start(python, 'qwen2_vl', config))
    const time = (width: number, height: number) => peer.time(height / 14, width / 14)
    entrants.push({ name: 'transformers, f32', bytes: null, loading: null, memory: null, time })
  }
  if (llamaNode !== undefined) entrants.push(...(await theirs(closers, llamaNode)))
  const figures: { size: string; times: Record<string, number[]> }[] = []
  for (const [index, [width, height]] of sizes.entries()) {
    const contenders: Record<string, Contender> = {}
    for (const { name, time, once = false } of entrants) {
      if (index > 0 && once) continue
      contenders[name] = { run: () => time(width, height), ...(once && { rounds: 1 }) }
      // Excludes the allocation and packing in the first run of a size.
      if (index === 0 && !once) await time(width, height)
    }
    figures.push({ size: `${width}×${height}`, times: await takeTurns(contenders, Math.min(rounds, MAX_ROUNDS[index] ?? 1)) })
  }
  const timeOf = (name: string, size: number) => median(figures[size]?.times[name] ?? [])
  const last = sizes.length - 1
  const overflow = await signedProductsOverflow()
  const peers = entrants.filter(({ name }) => !name.startsWith('ours'))
  return {
    columns: ['tower', ...figures.map(({ size }) => size), 'on disk', 'loading', 'memory'],
    rows: entrants.map(({ name, bytes, loading, memory, once }) => [
      name,
      ...figures.map((_, size) => (once && size > 0 ? '' : `${(timeOf(name, size) / 1000).toFixed(1)} s`)),
      bytes === null ? '' : `${(bytes / 1e6).toFixed(0)} MB`,
      loading === null ? '' : `${(loading / 1000).toFixed(1)} s`,
      memory === null ? '' : `${(memory / 1e6).toFixed(0)} MB`,
    ]),
    notes: [
      `${config.depth} layers of ${config.embed_dim}, random weights, one frame at a time on the CPU; ours with preprocessing, mtmd with reading a picture and one small layer of language.`,
      `int8 with ${overflow ? 'unsigned' : 'signed'} weights.`,
      ...(python === undefined ? ['transformers was not measured: it needs --python.'] : []),
      ...(llamaNode === undefined ? ["llama.cpp's mtmd was not measured: it needs --llama-node."] : []),
    ],
    targets: [
      ...peers
        .filter(({ name }) => !name.includes('q8_0'))
        .map(({ name, once }) => ({ name, size: once ? 0 : last }))
        .map(({ name, size }) => ({
          what: `f32 at ${figures[size]?.size} no slower than ${name}`,
          met: timeOf('ours, f32', size) <= timeOf(name, size),
        })),
      { what: `f16 no slower than f32 at ${figures[0]?.size}`, met: timeOf('ours, f16', 0) <= timeOf('ours, f32', 0) },
      {
        what: `f16 in its file at most a tenth slower at ${figures[last]?.size}`,
        met: timeOf('ours, f16 in its file', last) <= 1.1 * timeOf('ours, f16', last),
      },
      {
        what: overflow ? 'int8 sooner than f32' : 'int8 in half the time of f32',
        met: timeOf('ours, int8', last) <= (overflow ? 1 : 0.5) * timeOf('ours, f32', last),
      },
    ],
    data: { config, figures },
  }
}

async function ours(closers: Closers): Promise<Entrant[]> {
  const entrants: Entrant[] = []
  for (const precision of visionPrecisions) entrants.push(await fullTower(closers, precision))
  entrants.push(await fullTower(closers, 'f16', true))
  return entrants
}

/** Opens a random tower of full size, which measures the milliseconds of encoding a frame. `mapped`: its weights stay in their file. */
export async function fullTower(closers: Closers, precision: VisionPrecision, mapped = false): Promise<Entrant> {
  const { directory, manifest } = closers.use(await towerFolder(randomTower(config), qwen2VlVisionConfigSchema.parse(config), precision))
  let tower: Tower | undefined
  const before = ownMemory()
  const most = watchMemory()
  const loading = await milliseconds(async () => {
    tower = closers.use(await openTower(directory, manifest, { form: towerForm(manifest), device: 'cpu', mapped, signal }))
  })
  const memory = most() - before
  const bytes = manifest.vision.bytes + (manifest.vision.data?.bytes ?? 0)
  const time = async (width: number, height: number) => {
    const frame: Frame = { index: 0, time: 0, width, height, rgb: new Uint8Array(width * height * 3).map((_, i) => i * i) }
    const once = (async function* () {
      yield frame
    })()
    return await milliseconds(async () => {
      for await (const { rows } of tower?.embed(once, { frameCount: 1, signal }) ?? [])
        if (rows.length !== ((width * height) / 784) * config.hidden_size) throw new Error(`${precision} gave ${rows.length} values`)
    })
  }
  return { name: `ours, ${precision}${mapped ? ' in its file' : ''}`, bytes, loading, memory, time }
}

async function theirs(closers: Closers, modules: string): Promise<Entrant[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tarsier-mtmd-'))
  closers.defer(() => rm(folder, { recursive: true, force: true }))
  const language = await smallLanguage(folder, config.hidden_size)
  const entrants: Entrant[] = []
  for (const type of ['F16', 'Q8_0'] as const) {
    const path = join(folder, `mmproj-${type}.gguf`)
    await writeMmproj(path, randomTower(config), qwen2VlVisionConfigSchema.parse(config), type)
    const tower = closers.use(await MtmdTower.open(modules, language, path, folder))
    const time = (width: number, height: number) => tower.time(width, height)
    entrants.push({
      name: `mtmd, ${type.toLowerCase()}`,
      bytes: (await stat(path)).size,
      loading: tower.loading,
      memory: null,
      once: true,
      time,
    })
  }
  return entrants
}
