import { z } from 'zod'
import { isAbort, TarsierError } from '../../../shared/errors.ts'
import type { HubClient } from './hub-client.ts'
import { COMMIT } from './repository.ts'
import { Transient } from './transient.ts'

/** A file in the top folder of a repository. */
export interface RemoteFile {
  readonly name: string
  readonly bytes: number
  /** Hash of the content: on the hub sha256 (64 hex digits) for large files and git's sha1 (40) for small ones, on npm sha512 (128). */
  readonly hash: string
}

export interface RepositoryListing {
  readonly commit: string
  readonly files: readonly RemoteFile[]
  /** Number of weights in the safetensors files; null if the hub does not state it. */
  readonly weights: number | null
}

/** Models have a few dozen files in the top folder. */
const MAX_FILES = 10_000
/** A plain file name. Files with other names are never part of a model (see contained-file.ts) and never created. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}$/

const infoSchema = z.object({
  sha: z.string().regex(COMMIT),
  safetensors: z
    .object({ total: z.int().min(1) })
    .optional()
    .catch(undefined),
})
const size = z.int().min(0)
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size,
  oid: z.string().regex(COMMIT),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
})

/**
 * Returns the commit of a revision, the number of its weights, and the files in the repository's top folder. Folders and files without a plain name are skipped. Throws
 * the hub's errors (`hub-missing`, `hub-gated`, …).
 */
export async function listRepository(
  client: HubClient,
  repository: string,
  revision: string,
  signal: AbortSignal,
): Promise<RepositoryListing> {
  const { endpoint: hubUrl } = client.settings
  const wanted = { repository, revision }
  const fetch = (address: unknown) => client.text(String(address), wanted, signal)
  // Loaded here because no other command needs it.
  const { listFiles, modelInfo } = await import('@huggingface/hub')
  try {
    const info = await modelInfo({ name: repository, revision, additionalFields: ['sha', 'safetensors'], hubUrl, fetch })
    const { sha: commit, safetensors } = infoSchema.parse(info)
    const files: RemoteFile[] = []
    let seen = 0
    for await (const entry of listFiles({ repo: { type: 'model', name: repository }, revision: commit, hubUrl, fetch })) {
      seen += 1
      if (seen > MAX_FILES)
        throw new TarsierError('hub-failed', `${repository} has more than ${MAX_FILES} files, which is too many for a model.`)
      const { type, path, lfs, oid, size: bytes } = entrySchema.parse(entry)
      if (type === 'file' && PLAIN_NAME.test(path)) files.push({ name: path, bytes: lfs?.size ?? bytes, hash: lfs?.oid ?? oid })
    }
    return { commit, files, weights: safetensors?.total ?? null }
  } catch (error) {
    if (error instanceof TarsierError || error instanceof Transient || isAbort(error)) throw error
    throw new TarsierError(
      'hub-failed',
      `The response of ${hubUrl} is not a valid hub response. Check HF_ENDPOINT, and whether this network requires a sign-in first.`,
      {
        cause: error,
        details: { repository },
      },
    )
  }
}
