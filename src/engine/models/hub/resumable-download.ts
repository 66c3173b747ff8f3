import { setTimeout as sleep } from 'node:timers/promises'
import type { TarsierError } from '../../../shared/errors.ts'
import type { HubAnswer } from './hub-client.ts'
import { PartFile } from './part-file.ts'
import type { RemoteFile } from './repository-listing.ts'
import { type RetryPolicy, Transient, waitBefore } from './transient.ts'

export interface DownloadWatch {
  /** Bytes that were already present (positive), or that are discarded (negative). */
  onPresent(bytes: number): void
  onFetched(bytes: number): void
  onWait(milliseconds: number, why: TarsierError): void
}

/** Where a file comes from. */
export interface DownloadSource {
  readonly retryPolicy: RetryPolicy
  /** Sends one request with these headers. Throws {@link Transient} for failures that may be temporary. */
  open(headers: Readonly<Record<string, string>>): Promise<HubAnswer>
  /** The error for bytes that are not the expected ones. */
  damage(what: string): TarsierError
}

export interface DownloadPlace {
  /** Path of the partial file, without the extension. */
  readonly stem: string
  readonly target: string
  readonly signal: AbortSignal
  readonly watch: DownloadWatch
}

/**
 * Downloads one file to `target`. Resumes a partial file, and renames it only if its hash is the expected one. After an abort or a failure
 * the partial file is kept. Throws the errors of the source, and its error for damage if the content differs from the hash twice.
 */
export async function resumableDownload(remote: RemoteFile, source: DownloadSource, place: DownloadPlace): Promise<void> {
  const { signal, watch, target, stem } = place
  await using part = await PartFile.open(stem, remote, signal, watch.onPresent)
  let furthest = part.bytes
  let failed = 0
  let damaged = false
  for (;;) {
    try {
      if (part.bytes < remote.bytes) await receive(remote, part, source, watch)
      if (part.isWhole()) return await part.finish(target)
      watch.onPresent(-part.bytes)
      await part.restart(null)
      if (damaged) {
        await part.remove()
        throw source.damage('its hash differs from the expected one after two downloads')
      }
      damaged = true
    } catch (error) {
      if (!(error instanceof Transient)) throw error
      failed = part.bytes > furthest ? 1 : failed + 1
      furthest = Math.max(furthest, part.bytes)
      const wait = waitBefore(failed, error, source.retryPolicy)
      if (wait === null) throw error.failure
      watch.onWait(wait, error.failure)
      await sleep(wait, undefined, { signal })
    }
  }
}

/** Requests the missing bytes once and appends them to the partial file. */
async function receive(remote: RemoteFile, part: PartFile, source: DownloadSource, watch: DownloadWatch): Promise<void> {
  const range = part.bytes > 0 ? { range: `bytes=${part.bytes}-`, ...(part.etag !== null && { 'if-range': part.etag }) } : {}
  const answer = await source.open(range)
  try {
    await begin(answer, remote, part, source, watch)
    for await (const piece of answer.body) {
      if (part.bytes + piece.byteLength > remote.bytes) {
        await forget(part, null, watch)
        throw new Transient(source.damage('more bytes were received than expected'))
      }
      await part.append(piece)
      watch.onFetched(piece.byteLength)
    }
  } finally {
    answer.cancel()
  }
  if (part.bytes < remote.bytes) throw new Transient(source.damage('the connection was closed early'))
}

/** Compares the response headers with the request; empties the partial file if the response contains the whole file. */
async function begin(
  { status, headers }: HubAnswer,
  remote: RemoteFile,
  part: PartFile,
  source: DownloadSource,
  watch: DownloadWatch,
): Promise<void> {
  const etag = headers.get('etag')
  const refuse = async (what: string) => {
    await forget(part, null, watch)
    throw new Transient(source.damage(what))
  }
  if (status === 416) return refuse('the server does not have the requested range')
  if (status === 206) {
    const [, start, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? []
    if (Number(start) !== part.bytes || (whole !== '*' && Number(whole) !== remote.bytes))
      return refuse('the server sent another range than requested')
    if (part.etag !== null && etag !== null && etag !== part.etag) return refuse('the file was changed on the server')
  } else await forget(part, etag, watch)
  const length = headers.get('content-length')
  if (length !== null && Number(length) !== remote.bytes - part.bytes)
    return refuse(`${length} bytes were announced instead of ${remote.bytes - part.bytes}`)
}

async function forget(part: PartFile, etag: string | null, watch: DownloadWatch): Promise<void> {
  watch.onPresent(-part.bytes)
  await part.restart(etag)
}
