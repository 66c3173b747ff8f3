import { copyFile, link, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { addFile } from '../../../platform/file-pieces.ts'
import { move } from '../../../platform/move.ts'
import { realPath } from '../../../platform/real-path.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { beginHash } from './content-hash.ts'
import { COMMIT, repositoryFolder } from './repository.ts'
import type { RemoteFile } from './repository-listing.ts'

/**
 * The Python hub's cache, and our own folder of downloads, which has the same layout:
 *
 *     models--owner--name/refs/<revision>              the commit it is
 *     models--owner--name/snapshots/<commit>/<file>    the files, mostly links to blobs
 *     models--owner--name/blobs/<hash>                 what they hold, named by its hash
 */
export function snapshotFolder(root: string, repository: string, commit: string): string {
  return join(root, repositoryFolder(repository), 'snapshots', commit)
}

/** Where a file of the repository lies in the cache, by its content or by its place; null when it is not there with that size. */
export async function cachedFile(
  root: string,
  repository: string,
  commit: string,
  { name, bytes, hash }: RemoteFile,
): Promise<string | null> {
  for (const path of [join(root, repositoryFolder(repository), 'blobs', hash), join(snapshotFolder(root, repository, commit), name)]) {
    const facts = await stat(path).catch(() => null) // not there, or not ours to see: fetched then
    if (facts?.isFile() && facts.size === bytes) return await realPath(path)
  }
  return null
}

/** Whether a file has the bytes that the hub promises, by its hash. `onBytes` gets the number of bytes of each piece that was read. */
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

/** The same file under another name, without taking room where the disk allows that. */
export async function shareFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await link(from, to)
  } catch {
    // Another disk, or one without links.
    const aside = `${to}.part`
    await copyFile(from, aside)
    await move(aside, to)
  }
}

/** The commit that a revision was when the cache last asked; null when it never did. */
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

/**
 * Compares a snapshot's files with the hashes that their blobs are named by; files without one are taken as they are.
 * Throws `download-damaged`.
 */
export async function checkSnapshot(snapshot: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (const name of names) {
    const path = await realPath(join(snapshot, name))
    const hash = basename(path)
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) continue
    if (await hasContent(path, { bytes: (await stat(path)).size, hash }, signal, () => {})) continue
    throw new TarsierError(
      'download-damaged',
      `${path}, which is ${name} in the Hugging Face cache, has changed: it does not hash to its name. Remove it there, and import again with a connection.`,
      {
        details: { file: name },
      },
    )
  }
}
