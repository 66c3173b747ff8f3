import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { benchClip } from './clips.ts'
import { copied, importApart, MAX_OWN, secondsWithoutExtras, stagesText } from './import.ts'
import { type Sizes, writeRandomCheckpoint } from './random-model.ts'
import { runApart } from './run-apart.ts'
import type { BenchOptions, Measured } from './section.ts'

/** Tarsier2-7b: 8.3 billion parameters. */
export const FULL_SIZES: Sizes = {
  layers: 28,
  width: 3584,
  feedForward: 18_944,
  heads: 28,
  keyValueHeads: 4,
  untied: { vocabulary: 152_064 },
  vision: { depth: 32, embed_dim: 1280, num_heads: 16, mlp_ratio: 4 },
}
/** The first run calibrates the engine's estimate; the second is compared with the calibrated estimate. */
const FRAMES = ['2', '4']
/** Maximum factor between a measured value and the estimate. */
const MAX_FACTOR = 1.25

const timed = z.object({ encode: z.number(), prefill: z.number(), firstToken: z.number() })
const runSchema = z.object({
  frames: z.number(),
  estimate: z.object({ memory: z.object({ total: z.number() }), seconds: timed.nullable() }),
  timings: timed,
  tokens: z.object({ visual: z.number() }),
  needed: z.number(),
  resident: z.number(),
})

/**
 * Measures a checkpoint of a real model's size: its import, and the estimated against the actual cost of its answers. Needs 45 GB of disk and half
 * an hour.
 */
export async function measureLargeModel(options: BenchOptions): Promise<Measured> {
  await mkdir(options.cache, { recursive: true })
  const clip = await benchClip(options.cache, '30s', 'mp4')
  const folder = await mkdtemp(join(options.cache, 'large-'))
  try {
    const checkpoint = join(folder, 'checkpoint')
    await writeRandomCheckpoint(checkpoint, FULL_SIZES)
    const { size, copying } = await copied(checkpoint)
    const home = join(folder, 'home')
    const imported = await importApart(checkpoint, home, 'q4_k_m', 'f16')
    await rm(checkpoint, { recursive: true })
    const runs = z.array(runSchema).parse(await runApart('answer-process.ts', join(home, 'models', 'imported'), clip, home, ...FRAMES))
    const pairs = runs.flatMap(pairsOf)
    return {
      columns: ['', 'estimated', 'measured', 'measured of estimated'],
      rows: pairs.map(({ what, unit, estimated, measured }) => [
        what,
        `${estimated.toFixed(1)} ${unit}`,
        `${measured.toFixed(1)} ${unit}`,
        `${((100 * measured) / estimated).toFixed(0)} %`,
      ]),
      notes: [
        `${(size / 1e9).toFixed(1)} GB of random bf16 weights; copying them with a sync took ${copying.toFixed(0)} s, importing them as q4_k_m with vision f16 ${imported.seconds.toFixed(0)} s and ${(imported.own / 1e6).toFixed(0)} MB at most, the quantizer's own process not counted: ${stagesText(imported)}.`,
        "Memory is the most that the process had of its own at any time, and the language model's weights that it reads from their file; seconds are those of the tower, of the prefill and to the first token.",
      ],
      targets: [
        { what: 'an import with less than 2 GiB of memory', met: imported.own < MAX_OWN },
        {
          what: 'an import in twice the time of copying, beside quantizing and comparing',
          met: secondsWithoutExtras(imported) <= 2 * copying,
        },
        ...pairs.map(({ what, estimated, measured }) => ({
          what: `${what} within a quarter of the estimate`,
          met: measured <= MAX_FACTOR * estimated && estimated <= MAX_FACTOR * measured,
        })),
      ],
      data: { size, copying, imported, runs },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Pair {
  readonly what: string
  readonly unit: string
  readonly estimated: number
  readonly measured: number
}

function pairsOf({ frames, estimate, timings, tokens, needed }: z.infer<typeof runSchema>): Pair[] {
  const about = (part: string) => `${part}, ${frames} frames, ${tokens.visual} visual tokens`
  const memory = { what: about('memory'), unit: 'GB', estimated: estimate.memory.total / 1e9, measured: needed / 1e9 }
  const { seconds } = estimate
  if (!seconds) return [memory]
  const parts = { encode: 'encoding', prefill: 'prefill', firstToken: 'first token' } as const
  return [
    memory,
    ...(Object.keys(parts) as (keyof typeof parts)[]).map((part) => ({
      what: about(parts[part]),
      unit: 's',
      estimated: seconds[part],
      measured: timings[part] / 1000,
    })),
  ]
}
