import { link, mkdir, readFile, readlink, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type CopyOptions, copyFileBytes } from '../../../platform/copy-file.ts'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { addFile } from '../../../platform/file-pieces.ts'
import { move, remove } from '../../../platform/move.ts'
import { realPath } from '../../../platform/real-path.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { beginHash } from './content-hash.ts'
import { COMMIT, repositoryFolder } from './repository.ts'
import type { RemoteFile } from './repository-listing.ts'

/**
 * Returns the folder of a snapshot in the cache of the Python hub library, or in the app's downloads folder, which has the same layout:
 *
 *     models--owner--name/refs/<revision>              commit of the revision
 *     models--owner--name/snapshots/<commit>/<file>    files, mostly links to blobs
 *     models--owner--name/blobs/<hash>                 contents, named by hash, or links to blobs/<2 digits>/<another hash> of the cache
 *
 * Without symbolic links, as on Windows by default, the files of the snapshot are the contents.
 */
export function snapshotFolder(root: string, repository: string, commit: string): string {
  return join(root, repositoryFolder(repository), 'snapshots', commit)
}

/** Finds a file of the repository in the cache, by its hash or by its name in the snapshot. Returns null if there is none with that size. */
export async function cachedFile(
  root: string,
  repository: string,
  commit: string,
  { name, bytes, hash }: RemoteFile,
): Promise<string | null> {
  for (const path of [join(root, repositoryFolder(repository), 'blobs', hash), join(snapshotFolder(root, repository, commit), name)]) {
    const stats = await stat(path).catch(() => null) // missing or not accessible: will be downloaded
    if (stats?.isFile() && stats.size === bytes) return await realPath(path)
  }
  return null
}

/** Whether a file's hash matches the hub's. `onBytes` receives the size of each chunk that was read. */
export async function hasContent(
  path: string,
  remote: Pick<RemoteFile, 'bytes' | 'hash'>,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const hash = beginHash(remote)
  try {
    await addFile(hash, path, { signal, onBytes })
  } catch (error) {
    throw readFailure(path, error)
  }
  return hash.digest('hex') === remote.hash
}

/**
 * Makes a file available under another path, as a hard link if the file system supports that, else as a copy. Reports the progress of a copy, and throws, as
 * {@link copyFileBytes} does.
 */
export async function shareFile(from: string, to: string, options: CopyOptions): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await link(from, to)
  } catch {
    // Another file system, or one without hard links.
    const temporary = `${to}.part`
    await remove(temporary) // of a process that was killed
    await copyFileBytes(from, temporary, options)
    await move(temporary, to)
  }
}

/** Commit of a revision at the last update of the cache; null if the cache has none. */
export async function cachedCommit(root: string, repository: string, revision: string): Promise<string | null> {
  if (COMMIT.test(revision)) return revision
  try {
    const commit = (await readFile(join(root, repositoryFolder(repository), 'refs', ...revision.split('/')), 'utf8')).trim()
    return COMMIT.test(commit) ? commit : null
  } catch (error) {
    if (isMissing(error)) return null
    throw readFailure(root, error)
  }
}

/** Compares a snapshot's files with the hashes in their blobs' names; files without a hash are not checked. Throws `download-damaged`. */
export async function checkSnapshot(snapshot: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (const name of names) {
    const path = await realPath(join(snapshot, name))
    // Of the repository's blob, which may be a link to a shared one with a name of another kind. A file that is no link has none.
    const hash = basename(await readlink(join(snapshot, name)).catch(() => ''))
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) continue
    if (await hasContent(path, { bytes: (await stat(path)).size, hash }, signal, () => {})) continue
    throw new TarsierError(
      'download-damaged',
      `${path}, which is ${name} in the Hugging Face cache, is damaged: its hash does not match its name. Delete it and import again with an internet connection.`,
      {
        details: { file: name },
      },
    )
  }
}
