import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { ownModelFolder, removeModel } from '../engine/models/manage.ts'
import { modelBytes } from '../engine/models/manifest.ts'
import { listModels } from '../engine/models/registry.ts'
import { TarsierError } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { oneLine } from './printable.ts'
import { homeOf } from './requests.ts'

interface RemoveOptions {
  readonly yes?: boolean
  readonly home?: string
}

export function addRemove(models: Command, run: RunCommand): void {
  models
    .command('remove')
    .summary('delete a model')
    .description(
      'Deletes the files of an imported model after a confirmation. Damaged models can be deleted; the built-in demo model cannot. ' +
        'Without a terminal, --yes is required.',
    )
    .argument('<name>', 'name of a model in "tarsier models list"')
    .option('-y, --yes', 'do not ask for confirmation')
    .addOption(homeOption())
    .action((name: string, options: RemoveOptions) => run((signal) => remove(name, options, signal)))
}

async function remove(name: string, options: RemoveOptions, signal: AbortSignal): Promise<ExitCode> {
  const home = homeOf(options)
  const folder = await ownModelFolder(name, home)
  if (options.yes !== true) {
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      throw new TarsierError('usage', `Removing ${name} needs a confirmation, but there is no terminal. Add --yes.`)
    }
    const manifest = (await listModels(home)).find((entry) => entry.name === name)?.manifest
    const size = manifest ? `, ${sizeText(modelBytes(manifest))}` : ''
    if (!(await agreed(`Remove ${oneLine(name)} (${oneLine(folder)}${size})? This cannot be undone. [y/N] `, signal))) {
      process.stderr.write('Nothing was removed.\n')
      return exitCodes.failed
    }
  }
  await removeModel(name, home)
  process.stderr.write(`Removed ${oneLine(name)}.\n`)
  return exitCodes.done
}

async function agreed(question: string, signal: AbortSignal): Promise<boolean> {
  const readline = createInterface({ input: process.stdin, output: process.stderr })
  // On a terminal, readline receives Ctrl-C as a key, without a signal.
  readline.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // The end of the input counts as an empty answer.
  const ended = new Promise<string>((resolve) => readline.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([readline.question(question, { signal }), ended])
    signal.throwIfAborted()
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    readline.close()
  }
}
