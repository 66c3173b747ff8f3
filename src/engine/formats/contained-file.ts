import { constants } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { isMissing, readFailure } from '../../platform/file-failure.ts'
import { isInside } from '../../platform/is-inside.ts'
import { realPath } from '../../platform/real-path.ts'
import { TarsierError } from '../../shared/errors.ts'

/** A file name that refers to a file directly in a folder on every platform: no Windows device names, and no trailing dot, which Windows drops. */
const PLAIN_NAME = /^(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9_]([a-z0-9._-]*[a-z0-9_-])?$/i

export interface ContainOptions {
  /**
   * Also follow links into the `blobs` folder of the repository in the Hugging Face cache if the folder is a snapshot in it, where every file is such a
   * link, and from there into the blobs that the repositories of the cache share.
   * Defaults to false.
   */
  readonly huggingFaceCache?: boolean
}

/**
 * Returns the real path of the plain file `name` in `directory`; null if there is none. Throws `model-damaged` for names with separators
 * and for links out of the folder, because names in index files and manifests are untrusted.
 */
export async function containedPath(directory: string, name: string, options: ContainOptions = {}): Promise<string | null> {
  if (!PLAIN_NAME.test(name)) {
    throw new TarsierError(
      'model-damaged',
      `"${name}" is not a plain file name. The files of a model must be directly in its folder ${directory}.`,
      {
        details: { file: name },
      },
    )
  }
  const path = join(directory, name)
  try {
    await lstat(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw readFailure(path, error)
  }
  let real: string
  let root: string
  try {
    real = await realPath(path)
    root = await realPath(directory)
  } catch (error) {
    if (isMissing(error)) {
      throw new TarsierError('model-damaged', `${path} is a link to a file that does not exist. Download the files of the model again.`, {
        cause: error,
      })
    }
    throw readFailure(path, error)
  }
  const roots = [root]
  if (options.huggingFaceCache && basename(dirname(root)) === 'snapshots') roots.push(join(dirname(dirname(root)), 'blobs'))
  const shared = options.huggingFaceCache === true && isSharedBlob(root, real)
  if (!shared && !roots.some((allowed) => isInside(allowed, real))) {
    throw new TarsierError('model-damaged', `${path} is a link to a file outside the model folder. Replace the link by the file.`, {
      details: { file: name },
    })
  }
  // Check the type first, as opening a pipe blocks until it has a writer.
  const stats = await stat(real).catch((error: unknown) => {
    throw readFailure(path, error)
  })
  if (!stats.isFile()) throw new TarsierError('model-damaged', `${path} is not a file.`, { details: { file: name } })
  return real
}

/** Whether a file is a blob that the repositories of the cache share, `blobs/<2 digits>/<hash>` in the cache's folder, as huggingface_hub 2 stores large files. */
function isSharedBlob(snapshot: string, real: string): boolean {
  const repository = dirname(dirname(snapshot))
  if (basename(dirname(snapshot)) !== 'snapshots' || !basename(repository).startsWith('models--')) return false
  return /^([0-9a-f]{2})[\\/]\1[0-9a-f]{62}$/.test(relative(join(dirname(repository), 'blobs'), real))
}

/** Opens a file for reading; null if there is none. */
export async function openContained(directory: string, name: string, options: ContainOptions = {}): Promise<FileHandle | null> {
  const path = await containedPath(directory, name, options)
  if (path === null) return null
  try {
    return await open(path, constants.O_RDONLY)
  } catch (error) {
    throw readFailure(join(directory, name), error)
  }
}

/** Fills `into` from `position` in the file; throws `model-damaged` if the file is too short. */
export async function readExactly(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  let done = 0
  while (done < into.byteLength) {
    let bytesRead: number
    try {
      ;({ bytesRead } = await file.read(into, done, into.byteLength - done, position + done))
    } catch (error) {
      throw readFailure(path, error)
    }
    if (bytesRead === 0)
      throw new TarsierError('model-damaged', `${path} ends before its last tensor. It is truncated, or it was changed while being read.`)
    done += bytesRead
  }
}
