import type { Command } from 'commander'
import type { RunCommand } from './interrupt.ts'
import { addImport } from './models-import.ts'
import { addList } from './models-list.ts'

export function addModels(program: Command, run: RunCommand): void {
  const models = program
    .command('models')
    .summary('list models, or bring one in')
    .description('Shows the models that are here, or makes one from a checkpoint.')
  addList(models, run)
  addImport(models, run)
}
