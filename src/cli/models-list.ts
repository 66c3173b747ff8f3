import type { Command } from 'commander'
import { listModels } from '../engine/models/registry.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'
import { modelBytes, sizeText } from './size-text.ts'

interface ListOptions {
  readonly json?: boolean
  readonly home?: string
}

export function addList(models: Command, run: RunCommand): void {
  models
    .command('list')
    .summary('list the models that are here')
    .description('Lists models with their name, precision, size and what they know; models that cannot be used with the reason.')
    .option('--json', 'one line of JSON a model instead of text')
    .addOption(homeOption())
    .action((options: ListOptions) => run(() => list(options)))
}

async function list(options: ListOptions): Promise<ExitCode> {
  for (const { name, directory, manifest, problem } of await listModels(homeOf(options))) {
    const bytes = manifest ? modelBytes(manifest) : 0
    if (options.json) {
      const facts = manifest && {
        family: manifest.family,
        summary: manifest.summary,
        licence: manifest.licence,
        language: manifest.language.precision,
        vision: manifest.vision.precision,
        bytes,
      }
      process.stdout.write(`${JSON.stringify({ name, path: directory, ...facts, ...(problem !== null && { problem }) })}\n`)
    } else {
      const about = manifest
        ? `${manifest.family}, language ${manifest.language.precision}, vision ${manifest.vision.precision}, ${sizeText(bytes)}`
        : 'cannot be used'
      const further = problem ?? manifest?.summary ?? ''
      process.stdout.write(
        `${oneLine(name).padEnd(16)} ${about}${further ? `\n${' '.repeat(17)}${oneLine(further)}` : ''}\n${' '.repeat(17)}${oneLine(directory)}\n`,
      )
    }
  }
  return exitCodes.done
}
