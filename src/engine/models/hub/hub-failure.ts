import { deepestCause, failureCode, TarsierError } from '../../../shared/errors.ts'
import type { HubSettings } from './hub-settings.ts'
import { parseRetryAfter, Transient } from './transient.ts'

/** The subject of a request, for error messages. */
export interface Wanted {
  readonly repository: string
  readonly revision: string
  /** Absent for requests about the repository itself. */
  readonly file?: string
}

/** Response headers, by lower-case name. */
export interface HeaderLookup {
  get(name: string): string | null
}

export interface Refusal {
  readonly status: number
  readonly headers: HeaderLookup
  /** Whether the response is from the hub itself, not from a redirect target. */
  readonly fromHub: boolean
}

/** Returns the error for an unsuccessful response; {@link Transient} if a retry may help. */
export function refusalOf({ status, headers, fromHub }: Refusal, wanted: Wanted, { endpoint, token }: HubSettings): Error {
  const { repository } = wanted
  const code = headers.get('x-error-code')
  const header = headers.get('x-error-message')
  const details = { repository, status, ...(code !== null && { hubCode: code }) }
  if (status === 429) {
    const wait = parseRetryAfter(headers.get('retry-after')) ?? parseRateLimit(headers.get('ratelimit'))
    const when = wait === null ? 'in some minutes' : `in ${Math.ceil(wait / 1000)} seconds`
    const advice = token === null ? ' With a token in HF_TOKEN the hub allows more.' : ''
    return new Transient(
      new TarsierError(
        'hub-rate-limited',
        `${endpoint} has had too many requests from here. Try again ${when}: what is fetched stays.${advice}`,
        {
          details: { ...details, retryAfterSeconds: wait === null ? null : Math.ceil(wait / 1000) },
        },
      ),
      wait,
    )
  }
  // URLs of redirect targets expire; the hub returns a new one.
  if (!fromHub || status === 408 || status >= 500) {
    return new Transient(
      new TarsierError(
        'hub-failed',
        `${fromHub ? endpoint : 'The host that the hub keeps its files on'} answered with status ${status}. Try again later: what is fetched stays.`,
        { details },
      ),
      parseRetryAfter(headers.get('retry-after')),
    )
  }
  if (code === 'GatedRepo') {
    const how =
      token === null
        ? `accept them at ${endpoint}/${repository} in a browser, make a token in your account's settings there, and set HF_TOKEN to it`
        : `open ${endpoint}/${repository} with the account that your token belongs to, and accept them or wait until you are let in`
    return new TarsierError('hub-gated', `${repository} is given only to those who accept its conditions: ${how}. Then import again.`, {
      details,
    })
  }
  if (code === 'RepoNotFound' || code === 'RevisionNotFound' || code === 'EntryNotFound' || status === 404) {
    return missing(code, wanted, details, token !== null)
  }
  if (status === 401) {
    return new TarsierError(
      'hub-gated',
      token === null
        ? `${endpoint} gives ${repository} only to those who are known to it. Set HF_TOKEN to a token of your account.`
        : `${endpoint} refuses your token (HF_TOKEN, or the token file in HF_HOME). Make a new one in your account's settings there, or leave it out.`,
      { details },
    )
  }
  const why = header === null ? '' : `: ${header}`
  if (status === 403) {
    return new TarsierError(
      'hub-gated',
      `${endpoint} does not give ${repository} to ${token === null ? 'whoever has no token' : 'your token'}${why}. Ask its owner, or set HF_TOKEN to a token that may read it.`,
      { details },
    )
  }
  return new TarsierError(
    'hub-failed',
    `${endpoint} answered with status ${status}${why}. Check HF_ENDPOINT, and that this program is up to date.`,
    { details },
  )
}

function missing(code: string | null, { repository, revision, file }: Wanted, details: object, known: boolean): TarsierError {
  const what =
    code === 'RevisionNotFound' ? 'revision' : code === 'EntryNotFound' || (code === null && file !== undefined) ? 'file' : 'repository'
  const sentence = {
    repository: `There is no ${repository} on the hub, or it is private. Check the spelling${known ? ', and that your token may read it' : '; a private one needs a token in HF_TOKEN'}.`,
    revision: `${repository} has no revision "${revision}". Give a branch, a tag or a commit that its page shows, or leave the revision out.`,
    file: `${repository} has no file ${file ?? ''} at revision ${revision}. Look at its page for what is there.`,
  }[what]
  return new TarsierError('hub-missing', sentence, { details: { ...details, what, revision } })
}

/** Parses `RateLimit: "name";r=0;t=55`: seconds until the limit is reset. Returns milliseconds. */
function parseRateLimit(text: string | null): number | null {
  const seconds = /;\s*t=(\d{1,6})/.exec(text ?? '')?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS/

/** Returns the error for a failed or interrupted connection. */
export function networkFailure(error: unknown, url: URL, { endpoint, proxies }: HubSettings): Error {
  const reason = deepestCause(error)
  const code = failureCode(reason)
  const details = { host: url.host, reason: code }
  if (UNTRUSTED.test(code)) {
    return new TarsierError(
      'hub-unreachable',
      `The certificate of ${url.host} is not trusted (${code}). Where a firewall puts its own in between, set NODE_EXTRA_CA_CERTS to its certificate file.`,
      { cause: error, details },
    )
  }
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http
  const through = proxy === '' ? '' : ` through the proxy ${withoutPassword(proxy)}`
  return new Transient(
    new TarsierError(
      'hub-unreachable',
      `${url.host} cannot be reached${through}: ${reason.message || code}. Check the connection to the internet, ${proxy === '' ? 'HTTPS_PROXY where there is a proxy' : 'the proxy'}, and HF_ENDPOINT (${endpoint}); what is fetched stays.`,
      { cause: error, details },
    ),
  )
}

function withoutPassword(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : proxy
}
