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
    .summary('list, import and manage models')
    .description(
      'Lists installed models and models of the catalogue, imports checkpoints from this disk or from the hub, and manages models.',
    )
  for (const add of [addList, addCatalogue, addImport, addExport, addShow, addVerify, addRename, addRemove, addPath]) add(models, run)
}
