import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeFailure } from '../../../platform/file-failure.ts'
import { remove } from '../../../platform/move.ts'
import type { DownloadProgress } from '../../../shared/download-progress.ts'
import type { ErrorCode } from '../../../shared/error-codes.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { readJsonFile } from '../../formats/checked-json.ts'
import { INDEX_FILE } from '../../formats/safetensors/safetensors.ts'
import { checkpointFiles, type FileChoice, needsIndex } from './checkpoint-files.ts'
import { downloadFile } from './download-file.ts'
import { downloadsFolder, type HeldDownload, holdDownload } from './download-folder.ts'
import { expectRoom, type ModelRoom } from './expect-room.ts'
import { type GgufSelection, ggufPairFiles, hasGgufPair } from './gguf-pair-files.ts'
import { cachedFile, hasContent, shareFile, snapshotFolder } from './hub-cache.ts'
import { HubClient } from './hub-client.ts'
import { type Environment, hubSettings } from './hub-settings.ts'
import { type LocalCheckpoint, localCheckpoint } from './local-checkpoint.ts'
import { COMMIT, expectRepository, repositoryFolder } from './repository.ts'
import { listRepository, type RemoteFile, type RepositoryListing } from './repository-listing.ts'
import { sideBySide } from './side-by-side.ts'
import { progressOfWait, TransferMeter } from './transfer-meter.ts'
import { defaultRetryPolicy, type RetryPolicy } from './transient.ts'

/** Errors without which a checkpoint that is completely on this machine can still be used. */
const NO_CONNECTION: readonly ErrorCode[] = ['hub-unreachable', 'connections-off']
/** Number of parallel downloads: one connection rarely uses the full bandwidth, and hubs limit clients with many connections. */
const ABREAST = 4

export interface FetchOptions {
  /** A branch, a tag or a commit. Defaults to "main". */
  readonly revision?: string
  /** Selects files of the repository. Defaults to the files of a safetensors checkpoint. */
  readonly files?: FileChoice
  /** Precisions to select if the repository has several GGUF files and no safetensors. By default such a repository is rejected. */
  readonly gguf?: GgufSelection
  /** Space for the model that is made from the files, which is checked before they are downloaded. By default only the download's is. */
  readonly model?: ModelRoom
  /** Home folder; files are downloaded to its `downloads` folder. */
  readonly home: string
  readonly signal: AbortSignal
  /**
   * Called after a wait for another import of the repository, before anything is downloaded. Throws if this download is not needed any more, which then
   * fails and is removed. Does nothing by default.
   */
  readonly afterWait?: () => Promise<unknown>
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Environment variables for the hub's address, token and proxies. Defaults to the process's environment. */
  readonly env?: Environment
  readonly retryPolicy?: Partial<RetryPolicy>
}

/** A checkpoint on this disk. No other process downloads it again or deletes it before disposal, so dispose it only after the files were read. */
export interface FetchedCheckpoint extends LocalCheckpoint, AsyncDisposable {
  readonly repository: string
  /** Whether the files are in the app's own downloads folder; the Hugging Face cache is never changed. */
  readonly removable: boolean
  /** Deletes the files if they are removable. */
  remove(): Promise<void>
}

/**
 * Downloads a repository's files and returns their folder: `downloads/models--owner--name/snapshots/<commit>` of the home, or the Hugging
 * Face cache if all files are in it. Files in that cache and files that were downloaded before are not downloaded again; a file gets its
 * final name only if its hash matches the hub's. An abort or a failure leaves partial files, which the next call resumes. While another process, or
 * this one, downloads the repository or imports from it, this waits, see {@link holdDownload}. The caller disposes the result.
 * Throws `hub-gated`, `hub-missing`, `hub-rate-limited`, `hub-offline`, `connections-off`, `hub-unreachable`, `hub-failed`, `download-damaged`,
 * `disk-full`, `write-failed`, `model-unsupported` if the repository has no checkpoint, `usage`, and as `afterWait` does.
 */
export async function fetchCheckpoint(repository: string, options: FetchOptions): Promise<FetchedCheckpoint> {
  const { revision = 'main', home, signal } = options
  expectRepository(repository, revision)
  signal.throwIfAborted()
  const settings = await hubSettings(options.env ?? process.env)
  const local = () => localFetched(repository, settings.cache, options)
  if (settings.offline) {
    const found = await local()
    if (found !== null) return found
    throw new TarsierError(
      'hub-offline',
      `${repository} at revision ${revision} is not completely on this machine, and HF_HUB_OFFLINE does not allow downloads. Unset HF_HUB_OFFLINE, or copy the folder of the repository to ${settings.cache}.`,
      { details: { repository, revision } },
    )
  }
  await using client = new HubClient(settings, { ...defaultRetryPolicy, ...options.retryPolicy })
  let listing: RepositoryListing
  try {
    listing = await listRepository(client, repository, revision, signal)
  } catch (error) {
    const found = error instanceof TarsierError && NO_CONNECTION.includes(error.code) ? await local() : null
    if (found === null) throw error
    return found
  }
  try {
    return await new Fetch(client, repository, listing, options).run(revision)
  } catch (error) {
    throw writeFailure(`${downloadsFolder(home)} could not be written`, error, {
      ifFull: 'Free disk space and import again. Downloaded files are kept.',
    })
  }
}

/** Finds all files of a repository on this machine, in the app's downloads folder or the Hugging Face cache; null if they are not complete. */
async function localFetched(repository: string, cache: string, options: FetchOptions): Promise<FetchedCheckpoint | null> {
  const { revision = 'main', gguf, home, signal } = options
  const files = options.files ?? (gguf && ((names) => (hasGgufPair(names) ? ggufPairFiles(names, gguf, repository) : null)))
  const findIn = (root: string) => localCheckpoint(root, repository, revision, files, signal)
  if ((await findIn(downloadsFolder(home))) !== null) {
    const held = await hold(repository, options)
    // It may have been removed before it was held.
    const found = await findIn(downloadsFolder(home)).catch(releasing(held))
    if (found !== null) return fetchedIn(repository, found, held)
    await held[Symbol.asyncDispose]()
  }
  const found = await findIn(cache)
  return found && fetchedIn(repository, found, null)
}

async function hold(repository: string, { home, signal, afterWait, onProgress }: FetchOptions): Promise<HeldDownload> {
  const held = await holdDownload(repository, home, { signal, onWait: (title) => onProgress?.(progressOfWait(title)) })
  try {
    if (held.waited) await afterWait?.()
  } catch (error) {
    await held.remove().catch(releasing(held))
    throw error
  }
  return held
}

function fetchedIn(repository: string, { directory, commit }: LocalCheckpoint, held: HeldDownload | null): FetchedCheckpoint {
  return {
    directory,
    commit,
    repository,
    removable: held !== null,
    remove: async () => await held?.remove(),
    [Symbol.asyncDispose]: async () => await held?.[Symbol.asyncDispose](),
  }
}

/** Releases a download after an error, which is thrown again. */
function releasing(held: HeldDownload): (error: unknown) => Promise<never> {
  return async (error) => {
    await held[Symbol.asyncDispose]()
    throw error
  }
}

class Fetch {
  readonly #client: HubClient
  readonly #repository: string
  readonly #listing: RepositoryListing
  readonly #options: FetchOptions
  readonly #folder: string
  readonly #snapshot: string

  constructor(client: HubClient, repository: string, listing: RepositoryListing, options: FetchOptions) {
    this.#client = client
    this.#repository = repository
    this.#listing = listing
    this.#options = options
    this.#folder = join(downloadsFolder(options.home), repositoryFolder(repository))
    this.#snapshot = snapshotFolder(downloadsFolder(options.home), repository, listing.commit)
  }

  async run(revision: string): Promise<FetchedCheckpoint> {
    const held = await hold(this.#repository, this.#options)
    const { directory, removable } = await this.#fetch(revision).catch(releasing(held))
    const found = { directory, commit: this.#listing.commit }
    if (removable) return fetchedIn(this.#repository, found, held)
    // All files are in the Hugging Face cache, so what an earlier call has downloaded is not needed.
    await held.remove().catch(releasing(held))
    return fetchedIn(this.#repository, found, null)
  }

  async #fetch(revision: string): Promise<{ readonly directory: string; readonly removable: boolean }> {
    const wanted = await this.#choose()
    using meter = this.#meter(wanted)
    const cached = await this.#wholeInCache(wanted, meter)
    if (cached !== null) {
      meter.end()
      return { directory: cached, removable: false }
    }
    await this.#bring(wanted, meter, this.#options.model ?? null)
    meter.end()
    if (!COMMIT.test(revision)) await writeRef(join(this.#folder, 'refs', ...revision.split('/')), this.#listing.commit)
    return { directory: this.#snapshot, removable: true }
  }

  #meter(files: readonly RemoteFile[]): TransferMeter {
    return new TransferMeter(bytesOf(files), (progress) => this.#options.onProgress?.(progress))
  }

  async #choose(): Promise<RemoteFile[]> {
    const byName = new Map(this.#listing.files.map((file) => [file.name, file]))
    const names = [...byName.keys()]
    const remotes = (chosen: readonly string[]) => chosen.flatMap((name) => byName.get(name) ?? [])
    if (this.#options.files) return remotes(this.#options.files(names))
    if (this.#options.gguf && hasGgufPair(names)) return remotes(ggufPairFiles(names, this.#options.gguf, this.#repository))
    let index: unknown = null
    if (needsIndex(names)) {
      // Not reported, because this progress would reach 100% and then restart.
      using meter = new TransferMeter(0, () => {})
      await this.#bring(remotes([INDEX_FILE]), meter, null)
      index = await readJsonFile(this.#snapshot, INDEX_FILE)
    }
    return remotes(checkpointFiles(names, index, this.#repository))
  }

  /** Folder of the snapshot in the Hugging Face cache, if it has all files and they match the hub's hashes; else null. */
  async #wholeInCache(wanted: readonly RemoteFile[], meter: TransferMeter): Promise<string | null> {
    const snapshot = snapshotFolder(this.#client.settings.cache, this.#repository, this.#listing.commit)
    for (const { name, bytes } of wanted) if (!(await hasSize(join(snapshot, name), bytes))) return null
    let hashed = 0
    for (const file of wanted) {
      meter.say(`checking ${file.name} in the Hugging Face cache`)
      const same = await hasContent(join(snapshot, file.name), file, this.#options.signal, (bytes) => {
        hashed += bytes
        meter.present(bytes)
      })
      if (same) continue
      meter.present(-hashed)
      return null
    }
    return snapshot
  }

  async #bring(wanted: readonly RemoteFile[], meter: TransferMeter, model: ModelRoom | null): Promise<void> {
    const missing: RemoteFile[] = []
    for (const file of wanted) if (!(await this.#isHere(file, meter))) missing.push(file)
    // Without a download, the import checks the space itself, and knows which part of the model is already written.
    if (missing.length > 0) {
      const download = { folder: this.#folder, bytes: await this.#bytesLeft(missing) }
      const { weights } = this.#listing
      const made = model && { folder: model.folder, bytes: Math.ceil(model.bytesFrom({ files: wanted, weights })) }
      await expectRoom(this.#repository, download, made)
    }
    await sideBySide(missing, ABREAST, this.#options.signal, (file, signal) =>
      downloadFile(this.#client, file, {
        repository: this.#repository,
        commit: this.#listing.commit,
        stem: this.#stem(file),
        target: join(this.#snapshot, file.name),
        signal,
        watch: {
          onPresent: (bytes) => meter.present(bytes),
          onFetched: (bytes) => meter.fetched(bytes),
          onWait: (wait, { code }) => meter.say(`retrying ${file.name} in ${Math.ceil(wait / 1000)} s (${code})`),
        },
      }),
    )
  }

  /** Whether a file is already in the snapshot. A file in the Hugging Face cache is linked into it. */
  async #isHere(file: RemoteFile, meter: TransferMeter): Promise<boolean> {
    const target = join(this.#snapshot, file.name)
    if (await hasSize(target, file.bytes)) {
      meter.present(file.bytes)
      return true
    }
    await remove(target)
    const cached = await cachedFile(this.#client.settings.cache, this.#repository, this.#listing.commit, file)
    if (cached === null) return false
    meter.say(`checking ${file.name} in the Hugging Face cache`)
    if (!(await hasContent(cached, file, this.#options.signal, () => {}))) return false
    let copied = 0
    const onBytes = (bytes: number) => {
      if (copied === 0) meter.say(`copying ${file.name} from the Hugging Face cache`)
      copied += bytes
      meter.present(bytes)
    }
    await shareFile(cached, target, { signal: this.#options.signal, onBytes })
    meter.present(file.bytes - copied)
    return true
  }

  /** Path of the partial file. The name contains the content hash, so that a download can be resumed under a newer commit. */
  #stem({ name, hash }: RemoteFile): string {
    return join(this.#folder, 'blobs', `${name}-${hash.slice(0, 20)}`)
  }

  /** Bytes of files that are not in their partial files yet. */
  async #bytesLeft(missing: readonly RemoteFile[]): Promise<number> {
    let bytes = 0
    for (const file of missing) bytes += Math.max(0, file.bytes - (await sizeOf(`${this.#stem(file)}.part`)))
    return bytes
  }
}

function bytesOf(files: readonly RemoteFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function hasSize(path: string, bytes: number): Promise<boolean> {
  const stats = await stat(path).catch(() => null) // an inaccessible file counts as missing
  return stats?.isFile() === true && stats.size === bytes
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0
}

async function writeRef(path: string, commit: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, commit)
}
