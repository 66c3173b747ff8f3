import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'
import { milliseconds } from './measure.ts'
import { type Sizes, writeRandomCheckpoint } from './random-model.ts'
import { runApart } from './run-apart.ts'
import type { BenchOptions, Measured } from './section.ts'

/** Qwen2-VL-2B but for its vocabulary, which is a tenth of the real one. */
const SIZES: Sizes = {
  layers: 28,
  width: 1536,
  feedForward: 8960,
  heads: 12,
  keyValueHeads: 2,
  vision: { depth: 32, embed_dim: 1280, num_heads: 16, mlp_ratio: 4 },
}
const FORMS = [
  ['f16', 'f32'],
  ['q8_0', 'f32'],
  ['q8_0', 'f16'],
  ['q4_k_m', 'f32'],
] as const
/** Most bytes that an import may hold in memory. */
export const MOST_RESIDENT = 2 * 1024 ** 3
const told = z.object({ seconds: z.number(), resident: z.number() })

/** What an import of a large checkpoint takes, in time against copying its bytes, and in memory. */
export async function measureImport({ cache }: BenchOptions): Promise<Measured> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'import-'))
  try {
    const checkpoint = join(folder, 'checkpoint')
    await writeRandomCheckpoint(checkpoint, SIZES)
    const { size, copying } = await copied(checkpoint)
    const figures: { language: string; vision: string; seconds: number; resident: number }[] = []
    for (const [language, vision] of FORMS) {
      const home = join(folder, 'home')
      figures.push({ language, vision, ...(await importApart(checkpoint, home, language, vision)) })
      await rm(home, { recursive: true })
    }
    const plain = figures.filter(({ language, vision }) => language !== 'q4_k_m' && vision === 'f32')
    return {
      columns: ['language', 'vision', 'seconds', 'against copying', 'most memory'],
      rows: figures.map(({ language, vision, seconds, resident }) => [
        language,
        vision,
        seconds.toFixed(0),
        `${(seconds / copying).toFixed(1)}×`,
        `${(resident / 1e6).toFixed(0)} MB`,
      ]),
      notes: [
        `${(size / 1e9).toFixed(1)} GB of random bf16 weights; copying them with a sync took ${copying.toFixed(0)} s.`,
        "Every import reads its files once more to check them. f16 vision is held against f32, which takes a run of both towers; q4_k_m's quantizer is a process of its own, whose memory is not in the figure.",
      ],
      targets: [
        { what: 'f16 and q8_0 in at most twice the time of copying', met: plain.every(({ seconds }) => seconds <= 2 * copying) },
        { what: 'less than 2 GiB resident', met: plain.every(({ resident }) => resident < MOST_RESIDENT) },
      ],
      data: { size, copying, figures },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Imports a checkpoint as the model `imported` of `home`, in a process of its own: seconds, and the most memory that held. */
export async function importApart(
  checkpoint: string,
  home: string,
  language: LanguagePrecision,
  vision: VisionPrecision,
): Promise<z.infer<typeof told>> {
  return told.parse(await runApart('import-process.ts', checkpoint, home, language, vision))
}

/** What an import is held against: the bytes of a checkpoint's weights, and the seconds that copying them with a sync takes. */
export async function copied(checkpoint: string): Promise<{ readonly size: number; readonly copying: number }> {
  const weights = join(checkpoint, 'model.safetensors')
  const copy = `${checkpoint}.copy`
  const { size } = await stat(weights)
  const copying = (await milliseconds(() => copySynced(weights, copy))) / 1000
  await rm(copy)
  return { size, copying }
}

async function copySynced(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from, { highWaterMark: 1024 ** 2 }), createWriteStream(to))
  const file = await open(to, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
