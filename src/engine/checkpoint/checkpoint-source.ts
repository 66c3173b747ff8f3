import { basename, dirname } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'

/** Returns the repository and revision of a snapshot in the Hugging Face cache; otherwise the folder's name, never its path. */
export function sourceOf(directory: string): ModelManifest['source'] {
  const repository = basename(dirname(dirname(directory)))
  if (basename(dirname(directory)) === 'snapshots' && repository.startsWith('models--')) {
    return { repository: repository.slice('models--'.length).replace('--', '/'), revision: basename(directory) }
  }
  return { repository: basename(directory), revision: null }
}
