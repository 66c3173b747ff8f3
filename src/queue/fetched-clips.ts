import { type FileHandle, open } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasMediaExtension } from '../engine/media/media-names.ts'
import { freeBytes } from '../platform/disk.ts'
import { type AllowedHosts, expectAllowed, fetchAllowed } from '../platform/fetch-allowed.ts'
import { writeFailure } from '../platform/file-failure.ts'
import { remove } from '../platform/move.ts'
import { makeOwnFolder, type OwnFolder, removeUnusedFolders } from '../platform/own-folder.ts'
import { deepestCause, failureCode, isAbort, TarsierError } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'

export interface FetchRules {
  /** Folder in which each process has one for its fetched clips. */
  readonly folder: string
  /** Hosts from which clips may be fetched, with or without a port. */
  readonly allowed: readonly string[]
  /** Largest clip in bytes. Fetched clips are removed when their unit is done, so a worker stores at most one for each unit that it does at a time. */
  readonly maxBytes: number
}

/** Attempts without a new byte. */
const ATTEMPTS = 5
const FIRST_WAIT_MS = 500
/** Time without a byte after which a connection counts as lost. */
const STALL_MS = 30_000
/** Free space that a download leaves on the disk. */
const SPARE_BYTES = 256 * 2 ** 20

interface Fetched {
  /** Path of the complete file. */
  readonly done: Promise<string>
  users: number
}

/** Clips at addresses, each stored while a unit uses it. An interrupted download continues where it stopped. */
export class FetchedClips implements AsyncDisposable {
  readonly #rules: FetchRules
  readonly #files = new Map<string, Fetched>()
  /** Number of files so far. */
  #count = 0
  /** Made with the first clip, because most workers fetch none. */
  #folder: Promise<OwnFolder> | null = null

  private constructor(rules: FetchRules) {
    this.#rules = rules
  }

  /** Removes what processes that no longer run have left. */
  static async open(rules: FetchRules): Promise<FetchedClips> {
    await removeUnusedFolders(rules.folder)
    return new FetchedClips(rules)
  }

  /**
   * Returns the file of an address, which exists until {@link release} was called as often as this succeeded. Throws `not-allowed`, `upload-too-large` (for a
   * clip above the limit), `file-missing`, `file-unreadable`, `disk-full`.
   */
  async fileOf(address: string, signal: AbortSignal): Promise<string> {
    let file = this.#files.get(address)
    if (file) file.users += 1
    else {
      const extension = extname(new URL(address).pathname)
      this.#count += 1
      // A new name each time: an earlier file of this address may not be removed yet.
      const name = `${this.#count}${hasMediaExtension(`a${extension}`) ? extension : ''}`
      file = { done: this.#fetch(address, name, signal), users: 1 }
      file.done.catch(() => {}) // reported below, to each unit
      this.#files.set(address, file)
    }
    try {
      return await file.done
    } catch (error) {
      await this.release(address)
      throw error
    }
  }

  /** Removes the file of an address once it is released by all that use it. */
  async release(address: string): Promise<void> {
    const file = this.#files.get(address)
    if (!file) return
    file.users -= 1
    if (file.users > 0) return
    this.#files.delete(address)
    const path = await file.done.catch(() => null)
    if (path !== null) await remove(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folder = await this.#folder?.catch(() => null)
    await folder?.[Symbol.asyncDispose]()
  }

  /** The folder of this process. */
  #own(): Promise<OwnFolder> {
    this.#folder ??= makeOwnFolder(this.#rules.folder).catch((error: unknown) => {
      this.#folder = null
      throw error
    })
    return this.#folder
  }

  /** Returns the path of the file, which is removed if it cannot be completed. */
  async #fetch(address: string, name: string, signal: AbortSignal): Promise<string> {
    const target = new URL(address)
    expectAllowed(target, this.#allowed)
    try {
      const path = join((await this.#own()).path, name)
      try {
        await using file = await open(path, 'w')
        await this.#receive(target, file, signal)
      } catch (error) {
        await remove(path)
        throw error
      }
      return path
    } catch (error) {
      signal.throwIfAborted()
      throw writeFailure(`The clip ${target.host}${target.pathname} could not be written`, error)
    }
  }

  async #receive(target: URL, file: FileHandle, signal: AbortSignal): Promise<void> {
    const part: Part = { bytes: 0, mark: null }
    for (let failed = 0; ; ) {
      const before = part.bytes
      try {
        return await this.#request(target, part, file, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Interrupted)) throw error
        failed = part.bytes > before ? 1 : failed + 1
        if (failed >= ATTEMPTS) throw error.failure
        await sleep(FIRST_WAIT_MS * 2 ** (failed - 1), undefined, { signal })
      }
    }
  }

  /** Requests what is missing, once. Throws `Interrupted` if a further request may get the rest. */
  async #request(target: URL, part: Part, file: FileHandle, signal: AbortSignal): Promise<void> {
    const { host } = target
    const stalled = new AbortController()
    const stop = AbortSignal.any([signal, stalled.signal])
    const watch = setTimeout(() => stalled.abort(), STALL_MS)
    try {
      const resumes = part.bytes > 0 && part.mark !== null
      const rest = resumes ? { range: `bytes=${part.bytes}-`, 'if-range': part.mark ?? '' } : {}
      // A compressed response would have another length than its content.
      const headers = { 'accept-encoding': 'identity', ...rest }
      const response = await fetchAllowed(target, this.#allowed, { headers, signal: stop })
      if (response.status >= 500 || response.status === 429) {
        await response.body?.cancel()
        throw new Interrupted(new TarsierError('file-unreadable', `${host} responded with status ${response.status}.`))
      }
      if (!response.ok || !response.body) {
        await response.body?.cancel()
        throw new TarsierError(
          'file-missing',
          `${host} responded with status ${response.status} for ${target.pathname}. Check the address.`,
        )
      }
      if (!(resumes && response.status === 206)) {
        await file.truncate(0)
        part.bytes = 0
      }
      part.mark = strongMark(response.headers)
      const length = Number(response.headers.get('content-length') ?? Number.NaN)
      const total = part.bytes + length
      if (total > this.#rules.maxBytes) throw this.#tooLarge(target)
      if (length > (await freeBytes(this.#rules.folder)) - SPARE_BYTES)
        throw new TarsierError('disk-full', `The clip from ${host} does not fit on the disk of ${this.#rules.folder}. Free disk space.`)
      for await (const piece of response.body) {
        watch.refresh()
        if (part.bytes + piece.byteLength > this.#rules.maxBytes) throw this.#tooLarge(target)
        await file.write(piece, 0, piece.byteLength, part.bytes)
        part.bytes += piece.byteLength
      }
      if (part.bytes < total) throw new Error('the connection was closed early')
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TarsierError || error instanceof Interrupted || isFileError(error)) throw error
      const why = isAbort(error) ? `no data for ${STALL_MS / 1000} s` : deepestCause(error).message
      throw new Interrupted(new TarsierError('file-unreadable', `The request to ${host} failed: ${why}.`, { cause: error }))
    } finally {
      clearTimeout(watch)
    }
  }

  /** Only hosts that are allowed. */
  get #allowed(): AllowedHosts {
    const { allowed } = this.#rules
    const which = allowed.length === 0 ? 'This worker fetches no clips' : `This worker fetches clips only from ${allowed.join(', ')}`
    return {
      hosts: allowed,
      refused: ({ host, hostname }) =>
        new TarsierError('not-allowed', `${which}; ${host} is not allowed. Start the worker with --allow-host ${hostname}.`),
    }
  }

  #tooLarge({ host }: URL): TarsierError {
    return new TarsierError(
      'upload-too-large',
      `The clip from ${host} is larger than ${sizeText(this.#rules.maxBytes)}. Start the worker with a higher --max-fetch.`,
    )
  }
}

/** What was received of a clip, and the mark of its version, with which a server continues it. */
interface Part {
  bytes: number
  mark: string | null
}

/** A download that may be continued. */
class Interrupted extends Error {
  readonly failure: TarsierError

  constructor(failure: TarsierError) {
    super(failure.message)
    this.failure = failure
  }
}

/** A strong ETag, or else the time of the last change. */
function strongMark(headers: Headers): string | null {
  const etag = headers.get('etag')
  return etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified')
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && failureCode(error).startsWith('E') && !('address' in error)
}
