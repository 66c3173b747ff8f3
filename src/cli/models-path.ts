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
    .description("Prints the path of a model's folder alone, for scripts. Copied to another machine's models folder, it is a model there.")
    .argument('<name>', 'a model that "tarsier models list" shows, or the path of one')
    .addOption(homeOption())
    .action((name: string, options: PathOptions) =>
      run(async () => {
        process.stdout.write(`${await resolveModel(name, homeOf(options))}\n`)
        return exitCodes.done
      }),
    )
}
