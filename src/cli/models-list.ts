import type { Command } from 'commander'
import { modelBytes } from '../engine/models/manifest.ts'
import { listModels, type ModelEntry } from '../engine/models/registry.ts'
import { asTarsierError } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { type ModelMemory, memoryText, modelMemory } from './model-memory.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'

interface ListOptions {
  readonly json?: boolean
  readonly home?: string
}

export function addList(models: Command, run: RunCommand): void {
  models
    .command('list')
    .summary('list installed models')
    .description(
      "Lists models with name, precision, size, summary, and whether they fit this machine's memory. Models that cannot be used are listed with the reason.",
    )
    .option('--json', 'print one line of JSON per model instead of text')
    .addOption(homeOption())
    .action((options: ListOptions) => run(() => list(options)))
}

async function list(options: ListOptions): Promise<ExitCode> {
  for (const entry of await listModels(homeOf(options))) {
    process.stdout.write(options.json ? `${JSON.stringify(await info(entry))}\n` : await line(entry))
  }
  return exitCodes.done
}

/** Adds the memory that a model needs; a model whose memory cannot be estimated is unusable, too. */
async function withMemory({ directory, manifest, problem }: ModelEntry): Promise<{ memory: ModelMemory | null; problem: string | null }> {
  if (manifest === null) return { memory: null, problem }
  try {
    return { memory: await modelMemory(directory, manifest), problem }
  } catch (error) {
    return { memory: null, problem: problem ?? asTarsierError(error).message }
  }
}

async function info(entry: ModelEntry) {
  const { name, directory, manifest } = entry
  const { memory, problem } = await withMemory(entry)
  return {
    name,
    path: directory,
    ...(manifest && {
      family: manifest.family,
      summary: manifest.summary,
      licence: manifest.licence,
      language: manifest.language.precision,
      vision: manifest.vision.precision,
      bytes: modelBytes(manifest),
    }),
    ...(memory && { memory }),
    ...(problem !== null && { problem }),
  }
}

async function line(entry: ModelEntry): Promise<string> {
  const { name, directory, manifest } = entry
  const { memory, problem } = await withMemory(entry)
  const lines = manifest
    ? [
        `${manifest.family}, language ${manifest.language.precision}, vision ${manifest.vision.precision}, ${sizeText(modelBytes(manifest))}`,
        problem ?? manifest.summary,
        memory ? memoryText(memory) : '',
        directory,
      ]
    : ['cannot be used', problem ?? '', directory]
  const [first = '', ...rest] = lines.filter((line) => line !== '').map(oneLine)
  return [`${oneLine(name).padEnd(16)} ${first}`, ...rest.map((line) => ' '.repeat(17) + line)].join('\n').concat('\n')
}
