import type { Command } from 'commander'
import { renameModel } from '../engine/models/manage.ts'
import { exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { homeOf } from './requests.ts'

interface RenameOptions {
  readonly home?: string
}

export function addRename(models: Command, run: RunCommand): void {
  models
    .command('rename')
    .summary('rename a model')
    .description('Renames an imported model and prints its new path. Cached data of its clips is computed again.')
    .argument('<name>', 'name of a model in "tarsier models list"')
    .argument('<new-name>', 'new name: letters, digits, dots, dashes and underscores')
    .addOption(homeOption())
    .action((name: string, to: string, options: RenameOptions) =>
      run(async () => {
        process.stdout.write(`${await renameModel(name, to, homeOf(options))}\n`)
        return exitCodes.done
      }),
    )
}
