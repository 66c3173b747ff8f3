import { deepestCause, failureCode, TarsierError, typedCause } from '../../../shared/errors.ts'
import { phrase } from '../../../shared/phrase.ts'
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
    const when = wait === null ? phrase`in a few minutes` : phrase`in ${Math.ceil(wait / 1000)} seconds`
    const advice = token === null ? ' Set HF_TOKEN to raise the limit.' : ''
    return new Transient(
      new TarsierError(
        'hub-rate-limited',
        `${endpoint} rejected the request because there were too many requests from this machine. Try again ${when}. Downloaded files are kept.${advice}`,
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
        `${fromHub ? endpoint : phrase`The file host of the hub`} responded with status ${status}. Try again later. Downloaded files are kept.`,
        { details },
      ),
      parseRetryAfter(headers.get('retry-after')),
    )
  }
  if (code === 'GatedRepo') {
    const how =
      token === null
        ? phrase`accept the conditions at ${endpoint}/${repository} in a browser, create a token in the settings of your account, and set HF_TOKEN to it`
        : phrase`open ${endpoint}/${repository} with the account of your token and accept the conditions, or wait for approval`
    return new TarsierError('hub-gated', `${repository} is a gated repository: ${how}. Then import again.`, {
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
        ? `${endpoint} requires a login for ${repository}. Set HF_TOKEN to a token of your account.`
        : `${endpoint} rejected your token (HF_TOKEN, or the token file in HF_HOME). Create a new token in the settings of your account, or remove the token.`,
      { details },
    )
  }
  const why = header === null ? '' : `: ${header}`
  if (status === 403) {
    return new TarsierError(
      'hub-gated',
      `${endpoint} does not allow access to ${repository} ${token === null ? 'without a token' : 'with your token'}${why}. Ask its owner, or set HF_TOKEN to a token with read access.`,
      { details },
    )
  }
  return new TarsierError(
    'hub-failed',
    `${endpoint} responded with status ${status}${why}. Check HF_ENDPOINT, and that this program is up to date.`,
    { details },
  )
}

function missing(code: string | null, { repository, revision, file }: Wanted, details: object, known: boolean): TarsierError {
  const what =
    code === 'RevisionNotFound' ? 'revision' : code === 'EntryNotFound' || (code === null && file !== undefined) ? 'file' : 'repository'
  const sentence = {
    repository: `${repository} does not exist on the hub, or it is private. Check the spelling${known ? ', and that your token has read access' : '; a private repository needs a token in HF_TOKEN'}.`,
    revision: `${repository} has no revision "${revision}". Give a branch, tag or commit of the repository, or remove the revision.`,
    file: `${repository} does not contain the file ${file ?? ''} at revision ${revision}. See its page for the available files.`,
  }[what]
  return new TarsierError('hub-missing', sentence, { details: { ...details, what, revision } })
}

/** Parses `RateLimit: "name";r=0;t=55`: seconds until the limit is reset. Returns milliseconds. */
function parseRateLimit(text: string | null): number | null {
  const seconds = /;\s*t=(\d{1,6})/.exec(text ?? '')?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS/

/** Codes of a machine without a network or a name server. */
const OFFLINE = /^(ENOTFOUND|EAI_AGAIN|ENETUNREACH|ENETDOWN|EHOSTUNREACH)$/

/** Returns the error for a failed or interrupted connection. */
export function networkFailure(error: unknown, url: URL, { endpoint, proxies }: HubSettings): Error {
  const typed = typedCause(error)
  if (typed) return typed
  const reason = deepestCause(error)
  const code = failureCode(reason)
  const details = { host: url.host, reason: code }
  if (UNTRUSTED.test(code)) {
    return new TarsierError(
      'hub-unreachable',
      `The certificate of ${url.host} is not trusted (${code}). If a firewall replaces certificates, set NODE_EXTRA_CA_CERTS to its certificate file.`,
      { cause: error, details },
    )
  }
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http
  const through = proxy === '' ? '' : ` through the proxy ${withoutPassword(proxy)}`
  return new Transient(
    new TarsierError(
      'hub-unreachable',
      `${url.host} cannot be reached${through}: ${reason.message || code}. Check the internet connection, ${proxy === '' ? 'HTTPS_PROXY if you use a proxy' : 'the proxy'}, and HF_ENDPOINT (${endpoint}). Downloaded files are kept.`,
      { cause: error, details },
    ),
    null,
    OFFLINE.test(code),
  )
}

function withoutPassword(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).host : proxy
}
