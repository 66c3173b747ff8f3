import type { Command } from 'commander'
import type { RunCommand } from './interrupt.ts'
import { addCatalogue } from './models-catalogue.ts'
import { addExport } from './models-export.ts'
import { addImport } from './models-import.ts'
import { addList } from './models-list.ts'
import { addPath } from './models-path.ts'
import { addRemove } from './models-remove.ts'
import { addRename } from './models-rename.ts'
import { addShow } from './models-show.ts'
import { addVerify } from './models-verify.ts'

export function addModels(program: Command, run: RunCommand): void {
  const models = program
    .command('models')
    .summary('list, bring in and manage models')
    .description(
      'Shows the models that are here and those that can be had, makes one from a checkpoint on this disk or on the hub, and manages them.',
    )
  for (const add of [addList, addCatalogue, addImport, addExport, addShow, addVerify, addRename, addRemove, addPath]) add(models, run)
}
