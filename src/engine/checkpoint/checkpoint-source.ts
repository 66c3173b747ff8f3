import { basename, dirname } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'

/** Of a snapshot in the Hugging Face cache its repository and revision; otherwise the folder's name, never the path to it. */
export function sourceOf(directory: string): ModelManifest['source'] {
  const repository = basename(dirname(dirname(directory)))
  if (basename(dirname(directory)) === 'snapshots' && repository.startsWith('models--')) {
    return { repository: repository.slice('models--'.length).replace('--', '/'), revision: basename(directory) }
  }
  return { repository: basename(directory), revision: null }
}
