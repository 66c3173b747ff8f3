import { type Dispatcher, request } from 'undici'
import { TarsierError } from '../../../shared/errors.ts'
import { type HeaderLookup, networkFailure, refusalOf, type Wanted } from './hub-failure.ts'
import type { HubSettings } from './hub-settings.ts'
import { Inflow } from './inflow.ts'
import { dispatcherFor } from './proxies.ts'
import { type Patience, Transient, withPatience } from './transient.ts'

const MAX_REDIRECTS = 8
/** A redirect's own text; reading it keeps the connection for the next request. */
const MAX_REDIRECT_BYTES = 64 * 1024
/** Listings are text; no honest one comes near. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024

/** An answer that succeeded (or 416), with its body still to be read. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HeaderLookup
  /** Pieces as they come. Throws {@link Transient} when the connection breaks off or stands still, after all that came before. */
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection without reading the rest. */
  cancel(): void
}

/**
 * Requests to the hub: through the proxies of the environment, with the token to the hub alone, never to where it redirects.
 * Every failure is typed; those that may pass are {@link Transient}.
 */
export class HubClient implements AsyncDisposable {
  readonly settings: HubSettings
  readonly patience: Patience
  readonly #dispatcher: Dispatcher
  readonly #origin: string

  constructor(settings: HubSettings, patience: Patience) {
    this.settings = settings
    this.patience = patience
    this.#origin = new URL(settings.endpoint).origin
    this.#dispatcher = dispatcherFor(settings.proxies, patience.stall)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy()
  }

  /** One request without a second try. `onHub` sees what the hub itself answers, before anything is fetched from where it redirects to. */
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
        await body.dump({ limit: MAX_REDIRECT_BYTES }).catch(() => {}) // it broke: nothing of it was wanted
        if (fromHub) onHub(found)
        url = this.#redirected(url, next)
        continue
      }
      const inflow = new Inflow(body)
      try {
        if ((status < 200 || status >= 300) && status !== 416) throw refusalOf({ status, headers: found, fromHub }, wanted, this.settings)
        if (fromHub) onHub(found)
      } catch (error) {
        inflow.cancel()
        throw error
      }
      return { status, headers: found, body: this.#pieces(inflow, url, signal), cancel: () => inflow.cancel() }
    }
    throw new TarsierError('hub-failed', `${this.settings.endpoint} redirects in circles. Check HF_ENDPOINT.`)
  }

  /** A whole answer of text, tried again while that may help; for the hub's own library. */
  async text(address: string, wanted: Wanted, signal: AbortSignal): Promise<Response> {
    return await withPatience(
      async () => {
        const answer = await this.open(address, wanted, { accept: 'application/json' }, signal)
        const pieces: Uint8Array[] = []
        let bytes = 0
        for await (const piece of answer.body) {
          bytes += piece.byteLength
          if (bytes > MAX_LISTING_BYTES) {
            answer.cancel()
            throw new TarsierError('hub-failed', `${this.settings.endpoint} answered with more than a listing can be. Check HF_ENDPOINT.`)
          }
          pieces.push(piece)
        }
        return new Response(Buffer.concat(pieces), { status: answer.status, headers: { link: answer.headers.get('link') ?? '' } })
      },
      this.patience,
      signal,
    )
  }

  async #request(url: URL, fromHub: boolean, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const { token } = this.settings
    try {
      return await request(url, {
        dispatcher: this.#dispatcher,
        headers: {
          ...headers,
          // Compressed pieces could not be counted, nor asked for again.
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

  async *#pieces(inflow: Inflow, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* inflow.pieces()
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
      `${from.host} redirects to where nothing is fetched from: ${location.slice(0, 200)}. Check HF_ENDPOINT.`,
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
