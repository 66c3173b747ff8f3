import type { Command } from 'commander'
import { ownModelFolder, removeModel } from '../engine/models/manage.ts'
import { modelBytes } from '../engine/models/manifest.ts'
import { listModels } from '../engine/models/registry.ts'
import { sizeText } from '../shared/size-text.ts'
import { agreed } from './agreed.ts'
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
    const manifest = (await listModels(home)).find((entry) => entry.name === name)?.manifest
    const size = manifest ? `, ${sizeText(modelBytes(manifest))}` : ''
    const question = `Remove ${oneLine(name)} (${oneLine(folder)}${size})? This cannot be undone. [y/N] `
    if (!(await agreed(question, `Removing ${name} needs a confirmation, but there is no terminal. Add --yes.`, signal))) {
      process.stderr.write('Nothing was removed.\n')
      return exitCodes.failed
    }
  }
  await removeModel(name, home)
  process.stderr.write(`Removed ${oneLine(name)}.\n`)
  return exitCodes.done
}
