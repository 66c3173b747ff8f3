import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'
import { findInCatalogue, readCatalogue } from './catalogue.ts'
import { isRepositoryName } from './hub/repository.ts'

/** Source of a checkpoint. */
export type CheckpointOrigin = { readonly kind: 'local'; readonly path: string } | { readonly kind: 'hub'; readonly repository: string }

/**
 * Resolves a user's name for a checkpoint: a local path that exists, else a name in the catalogue, else a repository on the hub. Throws
 * `file-missing`, listing the accepted forms.
 */
export async function checkpointOrigin(source: string): Promise<CheckpointOrigin> {
  if (source !== '' && existsSync(source)) return { kind: 'local', path: resolve(source) }
  const entry = await findInCatalogue(source)
  if (entry !== null) return { kind: 'hub', repository: entry.repository }
  // ./a/b and C:\a are always paths.
  if (isRepositoryName(source)) return { kind: 'hub', repository: source }
  const names = (await readCatalogue()).map(({ name }) => name)
  throw new TarsierError(
    'file-missing',
    `${source} does not exist. Give a checkpoint folder, a repository on the hub (owner/name), or a catalogue name: ${names.join(', ')}.`,
    { details: { asked: source } },
  )
}
