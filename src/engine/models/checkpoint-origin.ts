import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'
import { findInCatalogue, readCatalogue } from './catalogue.ts'
import { isRepositoryName } from './hub/repository.ts'

/** Where a checkpoint comes from. */
export type CheckpointOrigin = { readonly kind: 'local'; readonly path: string } | { readonly kind: 'hub'; readonly repository: string }

/**
 * What a user means by the name of a checkpoint: what lies there on this disk, else a name of the catalogue, else a repository of the hub.
 * Throws `file-missing`, saying what would have been understood.
 */
export async function checkpointOrigin(source: string): Promise<CheckpointOrigin> {
  if (source !== '' && existsSync(source)) return { kind: 'local', path: resolve(source) }
  const entry = await findInCatalogue(source)
  if (entry !== null) return { kind: 'hub', repository: entry.repository }
  // ./a/b and C:\a are paths whatever else they may look like.
  if (isRepositoryName(source)) return { kind: 'hub', repository: source }
  const names = (await readCatalogue()).map(({ name }) => name)
  throw new TarsierError(
    'file-missing',
    `There is no ${source}. Give a checkpoint's folder, the name of a repository on the hub (owner/name), or one of the catalogue: ${names.join(', ')}.`,
    { details: { asked: source } },
  )
}
