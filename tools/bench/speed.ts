import { fork } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { clipLengths } from './clips.ts'
import { machineFacts } from './machine.ts'
import { asMarkdown, type Outcome, plotFile, type Report, type SectionReport } from './report.ts'
import type { BenchOptions } from './section.ts'
import type { SectionAnswer, SectionRequest } from './section-process.ts'
import { type SectionName, sectionNames, sections, usualSections } from './sections.ts'

/** Parses a list in one argument; each item must be one of `known`. */
function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) => {
    const items = text.split(',').map((item) => item.trim())
    const wrong = items.filter((item) => !(known as readonly string[]).includes(item))
    if (wrong.length > 0) throw new InvalidArgumentError(`There is no ${wrong.join(', ')}. There are ${known.join(', ')}.`)
    return known.filter((item) => items.includes(item))
  }
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.')
  return Number(text)
}

const lengths = Object.keys(clipLengths)
const program = new Command('bench:speed')
  .description('Measures the engine against its peers on this machine, and writes report.md and report.json.')
  .option(
    '--only <names>',
    `sections, of ${sectionNames.join(', ')}; large-model wants 45 GB of disk, memory an hour and 9 GB: they are run only when named`,
    listOf(sectionNames),
    usualSections,
  )
  .option('--out <dir>', 'folder for the report', 'bench-report')
  .option('--cache <dir>', 'folder for the clips and models made for measuring, about 1 GB', join(tmpdir(), 'tarsier-bench'))
  .option('--rounds <n>', 'runs of each contender; the median counts', positive, 3)
  .option('--clips <lengths>', `lengths of the clips, of ${lengths.join(', ')}`, listOf(lengths), lengths)
  .option('--python <path>', 'a Python with torch and transformers, for the tower', process.env.TARSIER_PYTHON)
  .option(
    '--llama-node <dir>',
    'a folder with @fugood/llama.node in its node_modules, for the tower of full size',
    process.env.TARSIER_LLAMA_NODE,
  )
  .option('--gguf <path...>', 'language models to generate with, instead of a random one and the demo model', [])
  .parse()
const { only, out, ...given } = program.opts<{ only: SectionName[]; out: string } & BenchOptions>()
const options: BenchOptions = { ...given, cache: resolve(given.cache), gguf: given.gguf.map((path) => resolve(path)) }

const began = new Date().toISOString()
const machine = machineFacts()
const reports: SectionReport[] = []
await mkdir(out, { recursive: true })
for (const name of only) {
  const { title } = sections[name]
  process.stderr.write(`${name}…\n`)
  const outcome = await measure({ name, options })
  reports.push({ name, title, outcome })
  if (outcome.state === 'measured' && outcome.measured.plot !== undefined) await writeFile(join(out, plotFile(name)), outcome.measured.plot)
  // Written after every section, so that an interrupted run keeps its results.
  const report: Report = { began, machine, rounds: options.rounds, sections: reports }
  await writeFile(join(out, 'report.md'), asMarkdown(report))
  await writeFile(join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
}
process.stdout.write(asMarkdown({ began, machine, rounds: options.rounds, sections: reports }))
process.stderr.write(`written to ${join(out, 'report.md')} and report.json\n`)
process.exitCode = reports.some(({ outcome }) => outcome.state === 'failed') ? 1 : 0

async function measure(request: SectionRequest): Promise<Outcome> {
  const start = performance.now()
  const child = fork(fileURLToPath(new URL('./section-process.ts', import.meta.url)), { serialization: 'advanced' })
  let answer: SectionAnswer | null = null
  child.once('message', (message) => {
    answer = message as SectionAnswer
  })
  child.send(request)
  const end = await new Promise<string>((done) => {
    child.once('error', (error) => done(error.message))
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`))
  })
  return outcomeOf(answer, end, (performance.now() - start) / 1000)
}

function outcomeOf(answer: SectionAnswer | null, end: string, seconds: number): Outcome {
  if (answer === null) return { state: 'failed', message: `its process ended without an answer (${end})` }
  if ('error' in answer) return { state: 'failed', message: answer.error }
  if ('skipped' in answer.result) return { state: 'skipped', reason: answer.result.skipped }
  return { state: 'measured', seconds, measured: answer.result }
}
