import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { wideClip } from './clips.ts'
import { fullModel } from './full-model.ts'
import { FULL_SIZES } from './large-model.ts'
import { MemoryGroup } from './memory-group.ts'
import { type PeakMemory, watchProcesses } from './process-memory.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'

const BUILT = fileURLToPath(new URL('../../out/cli/tarsier.js', import.meta.url))
const FRAMES = 16
/** Memory in which the tower's weights stay in their file. */
const SMALL = 9e9
/** Target: memory with the tower in its file, in bytes. */
const AIM = 7e9
/** Maximum difference between estimate and measurement. */
const MAX_OFF = 0.1

const estimateSchema = z.object({ memory: z.object({ total: z.number() }) })
const answerSchema = z.object({ timings: z.object({ encode: z.number(), prefill: z.number() }) })

interface Run {
  readonly place: string
  readonly peak: PeakMemory
  /** Seconds. */
  readonly encode: number
  readonly prefill: number
  /** Estimated bytes. */
  readonly estimated: number
}

/**
 * Measures the memory of `tarsier describe` with a model of Tarsier2-7b's size in q4_k_m and an f16 tower, from its start to its end: with the tower in memory,
 * and on a small machine, where its weights stay in their file. Takes an hour, and 9 GB of disk.
 */
export async function measureMemory(options: BenchOptions): Promise<Measured | Skipped> {
  if (process.platform !== 'linux') return { skipped: 'only Linux tells how much of a process is shared or mapped.' }
  if (!existsSync(BUILT)) return { skipped: 'the program is not built; "npm run build" does it.' }
  await mkdir(options.cache, { recursive: true })
  const model = await fullModel(options.cache, 'full', FULL_SIZES)
  const clip = await wideClip(options.cache)
  const home = await mkdtemp(join(options.cache, 'home-'))
  const describe = ['describe', clip, '--model', model, '--frames', String(FRAMES), '--max-tokens', '8', '--json']
  try {
    const runs = [await measured('in memory', describe, home, null)]
    using group = MemoryGroup.make(SMALL)
    if (group) runs.push(await measured('in its file', describe, home, group))
    const [inMemory, inFile] = runs
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`
    return {
      columns: ['tower', 'estimated', 'most memory', 'without mapped files', 'resident', 'encoding', 'prefill'],
      rows: runs.map(({ place, estimated, peak, encode, prefill }) => [
        place,
        ...[estimated, peak.proportional, peak.own, peak.resident].map(gigabytes),
        ...[encode, prefill].map((seconds) => `${seconds.toFixed(0)} s`),
      ]),
      notes: [
        `Random weights of Tarsier2-7b's shapes, q4_k_m and f16; ${FRAMES} frames of 588 tokens, all processes, loading included. Shared pages count once in the first two; resident is the sum of each process's highest.`,
        inFile
          ? `The second run is in a control group with ${SMALL / 1e9} GB.`
          : 'The tower in its file was not measured: this process may not make a control group.',
      ],
      targets: [
        ...runs.map(({ place, estimated, peak }) => ({
          what: `${place}: the estimate within a tenth`,
          met: Math.abs(estimated / peak.proportional - 1) <= MAX_OFF,
        })),
        ...(inMemory && inFile
          ? [
              { what: `at most ${AIM / 1e9} GB with the tower in its file`, met: inFile.peak.proportional <= AIM },
              { what: 'a tower in its file at most a tenth slower', met: inFile.encode <= 1.1 * inMemory.encode },
            ]
          : []),
      ],
      data: runs,
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function measured(place: string, describe: readonly string[], home: string, group: MemoryGroup | null): Promise<Run> {
  const estimate = await command([...describe, '--dry-run'], home, group)
  const { memory } = estimateSchema.parse(JSON.parse(estimate.output))
  await rm(join(home, 'cache'), { recursive: true, force: true })
  const { output, peak } = await command(describe, home, group)
  const { timings } = answerSchema.parse(JSON.parse(output))
  return { place, peak, encode: timings.encode / 1000, prefill: timings.prefill / 1000, estimated: memory.total }
}

/** Runs the command line, in the group if there is one. */
async function command(args: readonly string[], home: string, group: MemoryGroup | null): Promise<{ output: string; peak: PeakMemory }> {
  const enter = group ? `echo $$ > '${group.members}' && ` : ''
  const child = spawn('sh', ['-c', `${enter}exec "$@"`, 'sh', process.execPath, BUILT, ...args], {
    env: { ...process.env, TARSIER_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const peak = watchProcesses(child.pid ?? 0)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`tarsier ${args.join(' ')} ended with ${code}`)
  return { output, peak: peak() }
}
