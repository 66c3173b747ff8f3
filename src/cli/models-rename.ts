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
    .summary('give a model another name')
    .description('Gives a model that was imported another name, and prints its new path. What was kept of clips with it is made again.')
    .argument('<name>', 'a model that "tarsier models list" shows')
    .argument('<new-name>', 'letters, digits, dots, dashes and underscores')
    .addOption(homeOption())
    .action((name: string, to: string, options: RenameOptions) =>
      run(async () => {
        process.stdout.write(`${await renameModel(name, to, homeOf(options))}\n`)
        return exitCodes.done
      }),
    )
}
