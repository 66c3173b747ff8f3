import type { Command } from 'commander'
import { resolveModel } from '../engine/models/registry.ts'
import { exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { homeOption } from './options.ts'
import { homeOf } from './requests.ts'

interface PathOptions {
  readonly home?: string
}

export function addPath(models: Command, run: RunCommand): void {
  models
    .command('path')
    .summary("print the path of a model's folder")
    .description(
      "Prints only the path of a model's folder, for scripts. Copy the folder to the models folder of another machine to use the model there.",
    )
    .argument('<name>', 'name of a model in "tarsier models list", or path of a model folder')
    .addOption(homeOption())
    .action((name: string, options: PathOptions) =>
      run(async () => {
        process.stdout.write(`${await resolveModel(name, homeOf(options))}\n`)
        return exitCodes.done
      }),
    )
}
