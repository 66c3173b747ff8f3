import { request } from 'undici'
import type { GuardedConnections } from '../../platform/guarded-connections.ts'
import { deepestCause, failureCode, TarsierError, typedCause } from '../../shared/errors.ts'
import { DownloadRate } from '../models/hub/download-rate.ts'
import type { HubAnswer } from '../models/hub/hub-client.ts'
import { connectionsFor, proxiesOf } from '../models/hub/proxies.ts'
import { parseRetryAfter, type RetryPolicy, Transient } from '../models/hub/transient.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Folder of a mirror that has the pack's files by their names. */
const MIRROR = 'TARSIER_GPU_PACK_URL'

/** HTTP client for the pack's files, through the proxies of the environment. Follows no redirects. */
export class PackClient implements AsyncDisposable {
  readonly retryPolicy: RetryPolicy
  readonly #mirror: string | undefined
  readonly #connections: GuardedConnections

  constructor(env: Environment, retryPolicy: RetryPolicy) {
    this.retryPolicy = retryPolicy
    this.#mirror = env[MIRROR] || undefined
    if (this.#mirror !== undefined && !/^https?:$/.test(URL.canParse(this.#mirror) ? new URL(this.#mirror).protocol : ''))
      throw new TarsierError(
        'usage',
        `${MIRROR} is not a valid URL. Set it to the URL of a folder with the files of the GPU pack, or unset it.`,
      )
    this.#connections = connectionsFor(proxiesOf(env), retryPolicy.stall)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }

  /** Sends one request. Throws `gpu-pack-failed`, {@link Transient} if a retry may help, and `connections-off`. */
  async open(address: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HubAnswer> {
    const url = this.#mirror === undefined ? new URL(address) : new URL(`${this.#mirror.replace(/\/$/, '')}/${address.split('/').at(-1)}`)
    const { dispatcher } = this.#connections
    // Compressed responses cannot be resumed.
    const own = { ...headers, 'accept-encoding': 'identity', 'user-agent': 'tarsier-desktop' }
    const answer = await request(url, { dispatcher, headers: own, signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw failure(error, url)
    })
    const { statusCode: status, body } = answer
    const found = {
      get(name: string) {
        const value = answer.headers[name]
        return (typeof value === 'string' ? value : value?.[0]) ?? null
      },
    }
    const rate = new DownloadRate(body)
    if (status !== 200 && status !== 206 && status !== 416) {
      rate.cancel()
      throw refusal(status, url, found.get('retry-after'))
    }
    return { status, headers: found, body: pieces(rate, url, signal), cancel: () => rate.cancel() }
  }
}

async function* pieces(rate: DownloadRate, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* rate.pieces()
  } catch (error) {
    signal.throwIfAborted()
    throw failure(error, url)
  }
}

function refusal(status: number, url: URL, retryAfter: string | null): Error {
  const error = new TarsierError(
    'gpu-pack-failed',
    `${url.host} responded with status ${status} for ${url.pathname.split('/').at(-1)}. Try again later. Downloaded files are kept. ${MIRROR} can name a mirror.`,
    { details: { host: url.host, status } },
  )
  return status === 408 || status === 429 || status >= 500 ? new Transient(error, parseRetryAfter(retryAfter)) : error
}

function failure(error: unknown, url: URL): Error {
  const typed = typedCause(error)
  if (typed) return typed
  const reason = deepestCause(error)
  return new Transient(
    new TarsierError(
      'gpu-pack-failed',
      `${url.host} cannot be reached: ${reason.message || failureCode(reason)}. Check the internet connection, and HTTPS_PROXY if you use a proxy. Downloaded files are kept.`,
      { cause: error, details: { host: url.host, reason: failureCode(reason) } },
    ),
  )
}
