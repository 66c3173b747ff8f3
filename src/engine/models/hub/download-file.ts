import { setTimeout as sleep } from 'node:timers/promises'
import { TarsierError } from '../../../shared/errors.ts'
import type { HubAnswer, HubClient } from './hub-client.ts'
import type { Wanted } from './hub-failure.ts'
import { PartFile } from './part-file.ts'
import type { RemoteFile } from './repository-listing.ts'
import { Transient, waitBefore } from './transient.ts'

export interface DownloadWatch {
  /** Bytes that were already present (positive), or that are discarded (negative). */
  onPresent(bytes: number): void
  onFetched(bytes: number): void
  onWait(milliseconds: number, why: TarsierError): void
}

export interface DownloadOptions {
  readonly repository: string
  readonly commit: string
  /** Path of the partial file, without the extension. */
  readonly stem: string
  readonly target: string
  readonly signal: AbortSignal
  readonly watch: DownloadWatch
}

/**
 * Downloads one file to `target`. Resumes a partial file, and renames it only if its hash matches the hub's. After an abort or a failure
 * the partial file is kept. Throws the hub's errors, and `download-damaged` if the content differs from the hub's hash twice.
 */
export async function downloadFile(client: HubClient, remote: RemoteFile, options: DownloadOptions): Promise<void> {
  const { signal, watch, target, stem } = options
  await using part = await PartFile.open(stem, remote, signal, watch.onPresent)
  let furthest = part.bytes
  let failed = 0
  let damaged = false
  for (;;) {
    try {
      if (part.bytes < remote.bytes) await receive(client, remote, part, options)
      if (part.isWhole()) return await part.finish(target)
      watch.onPresent(-part.bytes)
      await part.restart(null)
      if (damaged) {
        await part.remove()
        throw damage(remote, options, 'its hash differs from the hash on the hub after two downloads')
      }
      damaged = true
    } catch (error) {
      if (!(error instanceof Transient)) throw error
      failed = part.bytes > furthest ? 1 : failed + 1
      furthest = Math.max(furthest, part.bytes)
      const wait = waitBefore(failed, error, client.retryPolicy)
      if (wait === null) throw error.failure
      watch.onWait(wait, error.failure)
      await sleep(wait, undefined, { signal })
    }
  }
}

/** Requests the missing bytes once and appends them to the partial file. */
async function receive(client: HubClient, remote: RemoteFile, part: PartFile, options: DownloadOptions): Promise<void> {
  const { repository, commit, signal, watch } = options
  const wanted: Wanted = { repository, revision: commit, file: remote.name }
  const range = part.bytes > 0 ? { range: `bytes=${part.bytes}-`, ...(part.etag !== null && { 'if-range': part.etag }) } : {}
  const answer = await client.open(
    `${client.settings.endpoint}/${repository}/resolve/${commit}/${remote.name}`,
    wanted,
    range,
    signal,
    (headers) => {
      const named = unquoted(headers.get('x-linked-etag'))
      const answered = headers.get('x-repo-commit')
      if (named !== null && named !== remote.hash)
        throw new Transient(damage(remote, options, `the hub now reports another hash (${named}) than before (${remote.hash})`))
      if (answered !== null && answered !== commit) throw new Transient(damage(remote, options, `the hub responded for commit ${answered}`))
    },
  )
  try {
    await begin(answer, remote, part, options)
    for await (const piece of answer.body) {
      if (part.bytes + piece.byteLength > remote.bytes) {
        await forget(part, null, watch)
        throw new Transient(damage(remote, options, 'more bytes were received than expected'))
      }
      await part.append(piece)
      watch.onFetched(piece.byteLength)
    }
  } finally {
    answer.cancel()
  }
  if (part.bytes < remote.bytes) throw new Transient(damage(remote, options, 'the connection was closed early'))
}

/** Compares the response headers with the request; empties the partial file if the response contains the whole file. */
async function begin({ status, headers }: HubAnswer, remote: RemoteFile, part: PartFile, options: DownloadOptions): Promise<void> {
  const { watch } = options
  const etag = headers.get('etag')
  const refuse = async (what: string) => {
    await forget(part, null, watch)
    throw new Transient(damage(remote, options, what))
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

function damage({ name }: RemoteFile, { repository }: DownloadOptions, what: string): TarsierError {
  return new TarsierError(
    'download-damaged',
    `The download of ${name} of ${repository} failed: ${what}. Try again later. If HF_ENDPOINT is set to a mirror, try without it.`,
    {
      details: { repository, file: name },
    },
  )
}

function unquoted(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, '').replace(/^"|"$/g, '')
}
