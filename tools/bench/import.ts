import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'
import { milliseconds } from './measure.ts'
import { type Sizes, writeRandomCheckpoint } from './random-model.ts'
import { runApart } from './run-apart.ts'
import type { BenchOptions, Measured } from './section.ts'

/**
 * Qwen2-VL-2B with 16 of 28 layers, two of the tower's 32, and a tenth of the vocabulary: language model and tower as in Tarsier2-7b, where the
 * tower has a twelfth of the weights.
 */
const SIZES: Sizes = {
  layers: 16,
  width: 1536,
  feedForward: 8960,
  heads: 12,
  keyValueHeads: 2,
  vision: { depth: 2, embed_dim: 1280, num_heads: 16, mlp_ratio: 4 },
}
const FORMS = [
  ['f16', 'f32'],
  ['q8_0', 'f32'],
  ['q8_0', 'f16'],
  ['q4_k_m', 'f16'],
] as const
/** Target: maximum time of an import to q4_k_m relative to the quantizer alone. */
const OF_QUANTIZER = 1.15
/** Maximum memory of an import, in bytes. */
export const MAX_OWN = 2 * 1024 ** 3
/** Stages that neither a plain copy nor a copy in another number format has. */
const EXTRA_STAGES = /^(quantizing|running|comparing) /
/**
 * `own` is the peak of the process's own memory in bytes; `resident` includes pages of mapped files, which the system can reclaim.
 * `processorSeconds` includes the quantizer's process.
 */
const importReport = z.object({
  seconds: z.number(),
  processorSeconds: z.number().nullable(),
  stages: z.record(z.string(), z.number()),
  own: z.number(),
  resident: z.number(),
})
type ImportReport = z.infer<typeof importReport>
const quantizerReport = z.object({ seconds: z.number(), processorSeconds: z.number() })

/**
 * Measures the import of a checkpoint: its time relative to copying its bytes, that of a quantized one relative to llama.cpp's quantizer alone,
 * and its memory. Takes two minutes and 6 GB of disk.
 */
export async function measureImport({ cache }: BenchOptions): Promise<Measured> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'import-'))
  try {
    const checkpoint = join(folder, 'checkpoint')
    await writeRandomCheckpoint(checkpoint, SIZES)
    const { size, copying } = await copied(checkpoint)
    const half = join(folder, 'half.gguf')
    const figures: ({ language: string; vision: string } & ImportReport)[] = []
    for (const [language, vision] of FORMS) {
      const home = join(folder, 'home')
      figures.push({ language, vision, ...(await importApart(checkpoint, home, language, vision)) })
      if (language === 'f16') await rename(join(home, 'models', 'imported', 'language.gguf'), half)
      await rm(home, { recursive: true })
    }
    const alone = quantizerReport.parse(await runApart('quantizer-process.ts', half, join(folder, 'alone.gguf')))
    const [plain] = figures // the others quantize, or run vision towers to compare them
    const quantized = figures.at(-1)
    const ofQuantizer = (quantized?.seconds ?? 0) / alone.seconds
    return {
      columns: ['language', 'vision', 'seconds', 'processor seconds', 'against copying', 'against the quantizer', 'most memory'],
      rows: [
        ...figures.map((figure) => [
          figure.language,
          figure.vision,
          figure.seconds.toFixed(0),
          figure.processorSeconds?.toFixed(1) ?? '',
          `${(figure.seconds / copying).toFixed(1)}×`,
          figure === quantized ? `${ofQuantizer.toFixed(2)}×` : '',
          `${(figure.own / 1e6).toFixed(0)} MB`,
        ]),
        ["llama.cpp's quantizer alone, from f16", '', alone.seconds.toFixed(0), alone.processorSeconds.toFixed(1), '', '1.00×', ''],
      ],
      notes: [
        `${(size / 1e9).toFixed(1)} GB of random bf16 weights; copying them with a sync took ${copying.toFixed(0)} s.`,
        "Every import reads its files once more to check them. f16 vision is held against f32, which takes a run of both towers; q8_0's numbers are ours; q4_k_m's quantizer is a process of its own, whose processor time is in the figure, but not its memory.",
        `q4_k_m: ${quantized ? stagesText(quantized) : ''}.`,
      ],
      targets: [
        { what: 'f16 in at most twice the time of copying', met: plain !== undefined && plain.seconds <= 2 * copying },
        { what: `q4_k_m in at most ${OF_QUANTIZER} times the time of the quantizer alone`, met: ofQuantizer <= OF_QUANTIZER },
        { what: 'less than 2 GiB of memory', met: figures.every(({ own }) => own < MAX_OWN) },
      ],
      data: { size, copying, figures, alone },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Imports a checkpoint as the model `imported` of `home` in a separate process; returns the seconds and the peak memory. */
export async function importApart(
  checkpoint: string,
  home: string,
  language: LanguagePrecision,
  vision: VisionPrecision,
): Promise<ImportReport> {
  return importReport.parse(await runApart('import-process.ts', checkpoint, home, language, vision))
}

/** Returns the seconds of an import without quantization and without running vision towers to compare them. */
export function secondsWithoutExtras({ seconds, stages }: ImportReport): number {
  return Object.entries(stages).reduce((sum, [stage, stageSeconds]) => (EXTRA_STAGES.test(stage) ? sum - stageSeconds : sum), seconds)
}

/** Lists the stages of an import that took at least one second. */
export function stagesText({ stages }: ImportReport): string {
  const long = Object.entries(stages).filter(([, seconds]) => seconds >= 1)
  return long.map(([stage, seconds]) => `${stage} ${seconds.toFixed(0)} s`).join(', ')
}

/** Returns the baseline for an import: the size of a checkpoint's weights in bytes, and the seconds it takes to copy them with a sync. */
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
