import { createHash, type Hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { FRAMES_ENDING } from '../../engine/media/media-names.ts'
import { type AllowedHosts, fetchAllowed } from '../../platform/fetch-allowed.ts'
import { writeFailure } from '../../platform/file-failure.ts'
import { isInside } from '../../platform/is-inside.ts'
import { realPath } from '../../platform/real-path.ts'
import { TarsierError, typedCause } from '../../shared/errors.ts'
import { sizeText } from '../../shared/size-text.ts'
import { ofPart } from './errors.ts'
import type { UploadFolder } from './upload-folder.ts'

export interface MediaRules {
  /** Folder whose files requests may name. */
  readonly mediaRoot?: string | undefined
  /** Hosts from which media may be fetched. */
  readonly allowRemote: readonly string[]
  /** Largest file in bytes. */
  readonly maxBytes: number
}

/** Time limit for fetching a clip, as in vLLM. */
const FETCH_TIMEOUT_MS = 30_000
/** Largest length of the part of a `data:` address before the data, in characters. */
const MAX_DATA_HEAD = 1000
/** Largest number of pictures in a list of frames. The number of sampled frames has a separate limit. */
const MAX_LISTED = 4096

/** Stores the media of one request as files, which are kept until it is disposed. */
export class RequestMedia implements AsyncDisposable {
  readonly #uploads: UploadFolder
  readonly #rules: MediaRules
  readonly #used: string[] = []
  /** Part of the request that each file came from, by path. */
  readonly places = new Map<string, string>()

  constructor(uploads: UploadFolder, rules: MediaRules) {
    this.#uploads = uploads
    this.#rules = rules
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#uploads.release(this.#used.splice(0))
  }

  /**
   * Returns the file of a `data:` address, a path under the media root, or an address at an allowed host. A list of pictures in vLLM's format
   * (`data:video/jpeg;base64,F1,F2,…`) becomes a clip of these frames. Throws `not-allowed`, `usage`, `file-missing`, `upload-too-large`.
   * @param where part of the request with the address, for errors
   */
  async fileOf(url: string, where: string, signal: AbortSignal): Promise<string> {
    return await this.#at(where, async () => {
      if (/^data:/i.test(url)) return await this.#fromData(url, signal)
      if (/^https?:/i.test(url)) return await this.#fromRemote(url, signal)
      return await this.#underRoot(/^file:/i.test(url) ? pathOf(url) : url)
    })
  }

  /** Stores bytes that are given in base64 or as a `data:` address. */
  async bytesOf(data: string, where: string, signal: AbortSignal): Promise<string> {
    return await this.#at(where, async () =>
      /^data:/i.test(data) ? await this.#fromData(data, signal) : await this.#store(Readable.from([this.#decoded(data)]), signal),
    )
  }

  /** Runs `find`; errors name the part of the request. */
  async #at(where: string, find: () => Promise<string>): Promise<string> {
    try {
      const path = await find()
      if (!this.places.has(path)) this.places.set(path, where)
      return path
    } catch (error) {
      throw ofPart(error, where)
    }
  }

  async #fromData(url: string, signal: AbortSignal): Promise<string> {
    // Parameters of the media type may contain commas: "video/webm;codecs=vp8,opus".
    const head = /^data:([^;,]*)(?:;[^;]*)*?;base64,/i.exec(url.slice(0, MAX_DATA_HEAD))
    if (!head) throw new TarsierError('usage', 'A data URL must have the form "data:video/mp4;base64,…".')
    const data = url.slice(head[0].length)
    const type = head[1]?.trim() ?? ''
    if (/^video\/(jpe?g|png|webp)$/i.test(type)) return await this.#frames(data.split(','), signal)
    return await this.#store(Readable.from([this.#decoded(data)]), signal)
  }

  /** Stores pictures as the frames of one clip: a folder with numbered files. */
  async #frames(pictures: readonly string[], signal: AbortSignal): Promise<string> {
    if (pictures.length > MAX_LISTED) throw new TarsierError('usage', `A clip can have at most ${MAX_LISTED} listed frames.`)
    const hash = createHash('sha256')
    const scratch = await this.#uploads.scratch()
    try {
      await mkdir(scratch)
      for (const [i, picture] of pictures.entries()) {
        const bytes = this.#decoded(picture)
        if (bytes.length === 0) throw new TarsierError('usage', `Frame ${i} of the list is empty.`)
        hash.update(`${bytes.length} `).update(bytes)
        await writeFile(join(scratch, String(i).padStart(6, '0')), bytes, { signal })
      }
      return await this.#place(scratch, `${hash.digest('hex')}${FRAMES_ENDING}`)
    } catch (error) {
      throw unwritten(error)
    } finally {
      await this.#uploads.discard(scratch)
    }
  }

  #decoded(data: string): Buffer {
    if (data.length > this.#rules.maxBytes * 1.4) throw this.#tooLarge()
    const plain = data.includes('%') ? unescaped(data) : data
    if (!/^[\w+/\s-]*={0,2}\s*$/.test(plain)) throw new TarsierError('usage', 'The data is not valid base64.')
    return Buffer.from(plain, 'base64')
  }

  async #fromRemote(url: string, signal: AbortSignal): Promise<string> {
    if (!URL.canParse(url)) throw new TarsierError('usage', 'This is not a valid URL.')
    const target = new URL(url)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
    try {
      const response = await fetchAllowed(target, this.#allowedHosts, { signal: deadline })
      if (!response.ok || !response.body)
        throw new TarsierError('file-missing', `${new URL(response.url).host} responded with status ${response.status}. Check the URL.`)
      return await this.#store(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), deadline)
    } catch (error) {
      const typed = typedCause(error)
      if (typed) throw typed
      signal.throwIfAborted()
      const why =
        error instanceof Error && error.name === 'TimeoutError'
          ? 'it took longer than 30 s'
          : error instanceof Error
            ? error.message
            : String(error)
      throw new TarsierError('file-unreadable', `The request to ${target.host} failed: ${why}.`, { cause: error })
    }
  }

  get #allowedHosts(): AllowedHosts {
    const hosts = this.#rules.allowRemote
    const which =
      hosts.length === 0
        ? 'This server does not download clips from other hosts'
        : `This server downloads clips only from ${hosts.join(', ')}`
    return {
      hosts,
      refused: ({ host, hostname }) =>
        new TarsierError(
          'not-allowed',
          `${which}; ${host} is not allowed. Send the clip as a data URL, or start the server with --allow-remote ${hostname}.`,
        ),
    }
  }

  /** Resolves a path under the media root, following symbolic links before the check. */
  async #underRoot(path: string): Promise<string> {
    const { mediaRoot } = this.#rules
    if (mediaRoot === undefined) {
      throw new TarsierError(
        'not-allowed',
        'This server does not open files by path. Start it with --media-root DIR, or send the clip as a data URL.',
      )
    }
    const root = await realPath(mediaRoot)
    const requested = resolve(root, path)
    const outside = () => new TarsierError('not-allowed', `This path is not in the folder given with --media-root.`)
    // Check the path before accessing it, so that the error does not reveal which files exist outside the root.
    if (!isInside(root, requested)) throw outside()
    const real = await realPath(requested).catch(() => {
      throw new TarsierError('file-missing', `${relative(root, requested)} does not exist in the folder given with --media-root.`)
    })
    if (!isInside(root, real)) throw outside()
    return real
  }

  async #store(bytes: Readable, signal: AbortSignal): Promise<string> {
    const scratch = await this.#uploads.scratch()
    const hash = createHash('sha256')
    try {
      await pipeline(bytes, this.#counted(hash), createWriteStream(scratch, { flags: 'wx' }), { signal })
      return await this.#place(scratch, hash.digest('hex'))
    } catch (error) {
      throw unwritten(error)
    } finally {
      await this.#uploads.discard(scratch)
    }
  }

  async #place(scratch: string, name: string): Promise<string> {
    const path = await this.#uploads.place(scratch, name)
    this.#used.push(path)
    return path
  }

  #counted(hash: Hash): Transform {
    let total = 0
    const tooLarge = () => this.#tooLarge()
    const { maxBytes } = this.#rules
    return new Transform({
      transform(piece: Buffer, _encoding, done) {
        total += piece.length
        if (total > maxBytes) done(tooLarge())
        else {
          hash.update(piece)
          done(null, piece)
        }
      },
    })
  }

  #tooLarge(): TarsierError {
    return new TarsierError(
      'upload-too-large',
      `A clip in a request can have at most ${sizeText(this.#rules.maxBytes)}. Use --media-root for larger clips.`,
    )
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new TarsierError('usage', 'This is not a URL of a file on this machine.', { cause })
  }
}

function unescaped(data: string): string {
  try {
    return decodeURIComponent(data)
  } catch (cause) {
    throw new TarsierError('usage', 'The data is not valid base64.', { cause })
  }
}

function unwritten(error: unknown): unknown {
  return writeFailure('The clip could not be written', error)
}
