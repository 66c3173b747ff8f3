import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { examples } from '../../src/shared/examples.ts'
import { median, takeTurns } from './measure.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const BUILT = join(root, 'out', 'cli', 'tarsier.js')
/** Target: maximum seconds from the start of the command to the whole description of an example, on a machine that has run it before. */
const AIM = 1.2

/** One run of the command line. */
interface Run {
  readonly seconds: number
  /** Of all its processes that have ended properly. */
  readonly cpuSeconds: number
}

/** Measures `tarsier describe` of an example from the start of its process to its end, with the demo model. */
export async function measureFirstAnswer(options: BenchOptions): Promise<Measured | Skipped> {
  if (!existsSync(BUILT)) return { skipped: 'the program is not built; "npm run build" does it.' }
  await mkdir(options.cache, { recursive: true })
  const home = await mkdtemp(join(options.cache, 'home-'))
  const fresh = async (...folders: readonly string[]): Promise<void> => {
    for (const folder of folders) await rm(join(home, folder), { recursive: true, force: true })
  }
  const runs: Record<string, Run[]> = {}
  const contender = (name: string, args: readonly string[], prepare: () => Promise<void>) => ({
    async run(): Promise<number> {
      await prepare()
      const run = await runOnce(args, home)
      runs[name] = [...(runs[name] ?? []), run]
      return run.seconds
    },
  })
  const describe = ['describe', join(root, 'resources', 'examples', examples[0].name)]
  try {
    await runOnce(describe, home) // reads the program's files from the disk
    const contenders = {
      known: contender('known', describe, () => fresh('cache/clips')),
      again: contender('again', describe, async () => {}),
      unknown: contender('unknown', describe, () => fresh('cache')),
      version: contender('version', ['--version'], async () => {}),
    }
    const seconds = await takeTurns(contenders, options.rounds)
    const row = (title: string, name: keyof typeof contenders) => {
      const cpu = runs[name]?.map(({ cpuSeconds }) => cpuSeconds) ?? []
      return [title, ...[median(seconds[name]), Math.min(...seconds[name]), median(cpu)].map((value) => `${value.toFixed(2)} s`)]
    }
    const known = median(seconds.known)
    return {
      columns: ['tarsier describe', 'from start to end', 'shortest', 'CPU'],
      rows: [
        row('a new clip', 'known'),
        row('the same clip again', 'again'),
        row('a new clip, a data folder without a cache', 'unknown'),
        row('nothing: tarsier --version', 'version'),
      ],
      notes: [
        'New processes for every run; the system has the program’s files in memory. CPU is that of all processes that ended by themselves.',
        'Without a cache llama.cpp’s builds are tried in a process first. Of the same clip again, frames and KV come from the disk.',
      ],
      targets: [{ what: `at most ${AIM} s for a clip on a known machine`, met: known <= AIM }],
      data: runs,
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function runOnce(args: readonly string[], home: string): Promise<Run> {
  const start = performance.now()
  // Only a shell tells the processor time of processes that a process has started.
  const command =
    process.platform === 'win32'
      ? [process.execPath, BUILT, ...args]
      : ['sh', '-c', '"$@"; code=$?; times; exit $code', 'sh', process.execPath, BUILT, ...args]
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { env: { ...process.env, TARSIER_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`tarsier ${args.join(' ')} failed: ${errors.trim()}`)
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: childrenTime(output) }
}

/** The second line of a shell's `times`: user and system time of its children, as in `0m0.58s 0m0.12s`. */
function childrenTime(output: string): number {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0)
}
