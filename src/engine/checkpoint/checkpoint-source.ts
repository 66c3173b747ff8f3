import { basename, dirname } from 'node:path'
import type { ModelManifest } from '../../shared/model-manifest.ts'

/** Returns the repository and revision of a snapshot in the Hugging Face cache; otherwise {@link folderName}. */
export function sourceOf(directory: string): ModelManifest['source'] {
  const repository = basename(dirname(dirname(directory)))
  if (basename(dirname(directory)) === 'snapshots' && repository.startsWith('models--')) {
    return { repository: repository.slice('models--'.length).replace('--', '/'), revision: basename(directory) }
  }
  return { repository: folderName(directory), revision: null }
}

/** Returns the name of a folder, never its path, unless it is the root of a drive, which has no name. */
export function folderName(directory: string): string {
  return basename(directory) || directory
}
