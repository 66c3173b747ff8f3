import { request } from 'undici'
import type { GuardedConnections } from '../../../platform/guarded-connections.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { DownloadRate } from './download-rate.ts'
import { type HeaderLookup, networkFailure, refusalOf, type Wanted } from './hub-failure.ts'
import type { HubSettings } from './hub-settings.ts'
import { connectionsFor } from './proxies.ts'
import { type RetryPolicy, Transient, withRetries } from './transient.ts'

const MAX_REDIRECTS = 8
/** Maximum size of a redirect's body. The body is read so that the connection can be reused. */
const MAX_REDIRECT_BYTES = 64 * 1024
/** Far above the size of any valid listing, which is text. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024

/** A successful (or 416) response, with an unread body. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HeaderLookup
  /** Chunks as they arrive. Throws {@link Transient} if the connection breaks or stalls, after all received chunks. */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection without reading the rest. */
  cancel(): void
}

/**
 * HTTP client for the hub. Uses the proxies of the environment, and sends the token only to the hub, never to redirect targets. Every error
 * is typed; errors that may be temporary are {@link Transient}.
 */
export class HubClient implements AsyncDisposable {
  readonly settings: HubSettings
  readonly retryPolicy: RetryPolicy
  readonly #connections: GuardedConnections
  readonly #origin: string

  constructor(settings: HubSettings, retryPolicy: RetryPolicy) {
    this.settings = settings
    this.retryPolicy = retryPolicy
    this.#origin = new URL(settings.endpoint).origin
    this.#connections = connectionsFor(settings.proxies, retryPolicy.stall)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }

  /** Sends one request without retries. `onHub` receives the headers of the hub's own response, before a redirect is followed. */
  async open(
    address: string,
    wanted: Wanted,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onHub: (headers: HeaderLookup) => void = () => {},
  ): Promise<HubAnswer> {
    let url = new URL(address)
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const fromHub = url.origin === this.#origin
      const { statusCode: status, headers: all, body } = await this.#request(url, fromHub, headers, signal)
      const found = lookup(all)
      const next = found.get('location')
      if (status >= 300 && status < 400 && next !== null) {
        await body.dump({ limit: MAX_REDIRECT_BYTES }).catch(() => {}) // errors do not matter, as the body is not used
        if (fromHub) onHub(found)
        url = this.#redirected(url, next)
        continue
      }
      const downloadRate = new DownloadRate(body)
      try {
        if ((status < 200 || status >= 300) && status !== 416) throw refusalOf({ status, headers: found, fromHub }, wanted, this.settings)
        if (fromHub) onHub(found)
      } catch (error) {
        downloadRate.cancel()
        throw error
      }
      return { status, headers: found, body: this.#pieces(downloadRate, url, signal), cancel: () => downloadRate.cancel() }
    }
    throw new TarsierError('hub-failed', `${this.settings.endpoint} redirects in a loop. Check HF_ENDPOINT.`)
  }

  /** Reads a whole text response, with retries; used by the hub's own library. */
  async text(address: string, wanted: Wanted, signal: AbortSignal): Promise<Response> {
    return await withRetries(
      async () => {
        const answer = await this.open(address, wanted, { accept: 'application/json' }, signal)
        const pieces: Uint8Array[] = []
        let bytes = 0
        for await (const piece of answer.body) {
          bytes += piece.byteLength
          if (bytes > MAX_LISTING_BYTES) {
            answer.cancel()
            throw new TarsierError(
              'hub-failed',
              `The response of ${this.settings.endpoint} is too large for a file list. Check HF_ENDPOINT.`,
            )
          }
          pieces.push(piece)
        }
        return new Response(Buffer.concat(pieces), { status: answer.status, headers: { link: answer.headers.get('link') ?? '' } })
      },
      this.retryPolicy,
      signal,
    )
  }

  async #request(url: URL, fromHub: boolean, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const { token } = this.settings
    try {
      return await request(url, {
        dispatcher: this.#connections.dispatcher,
        headers: {
          ...headers,
          // The size of compressed chunks is unknown, and compressed responses cannot be resumed.
          'accept-encoding': 'identity',
          'user-agent': 'tarsier-desktop',
          ...(fromHub && token !== null && { authorization: `Bearer ${token}` }),
        },
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw networkFailure(error, url, this.settings)
    }
  }

  async *#pieces(downloadRate: DownloadRate, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* downloadRate.pieces()
    } catch (error) {
      signal.throwIfAborted()
      throw networkFailure(error, url, this.settings)
    }
  }

  #redirected(from: URL, location: string): URL {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : null
    if (to !== null && (to.protocol === 'https:' || to.protocol === from.protocol) && /^https?:$/.test(to.protocol)) return to
    throw new TarsierError(
      'hub-failed',
      `${from.host} redirects to an address that is not allowed: ${location.slice(0, 200)}. Check HF_ENDPOINT.`,
    )
  }
}

function lookup(headers: Readonly<Record<string, string | string[] | undefined>>): HeaderLookup {
  return {
    get(name) {
      const value = headers[name]
      return (typeof value === 'string' ? value : value?.[0]) ?? null
    },
  }
}
