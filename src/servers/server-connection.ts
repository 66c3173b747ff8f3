import type { ClientOptions } from 'openai'
import { fetch, type RequestInit } from 'undici'
import { connectionsFor, proxiesOf } from '../engine/models/hub/proxies.ts'
import type { GuardedConnections } from '../platform/guarded-connections.ts'
import { LOOPBACK } from '../platform/loopback.ts'
import { deepestCause, failureCode } from '../shared/errors.ts'
import { withOpenAiError } from './error-body.ts'

type ClientFetch = NonNullable<ClientOptions['fetch']>

/** Error codes of a missing or untrusted certificate. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/
/** undici's error message if a proxy requires authentication or denies the connection. */
const BARRED = /\((403|407)\)/

/** Connection to a model server: through the proxies of the environment, except for servers on this machine. */
export class ServerConnection implements AsyncDisposable {
  /** Part of a sentence that names what to check if the server is unreachable: the connection, and the proxies if there are any. */
  readonly toCheck: string
  readonly #connections: GuardedConnections

  /**
   * @param env environment with the proxy settings (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY); throws `usage` for an invalid address
   * @param stall milliseconds without data after which a connection is closed
   */
  constructor(env: Readonly<Record<string, string | undefined>>, stall: number) {
    const proxies = proxiesOf(env)
    // A proxy could not reach this machine.
    const except = proxies.except.trim() === '*' ? '*' : [proxies.except, ...LOOPBACK].join(',')
    this.#connections = connectionsFor({ ...proxies, except }, stall)
    this.toCheck = proxies.http === '' && proxies.https === '' ? 'the connection' : 'the connection, the proxy (HTTPS_PROXY, HTTP_PROXY)'
  }

  /** `fetch` for the client. Sends the key only to the given address, and does not follow redirects. */
  readonly fetch = (async (url: string, init: RequestInit) =>
    await withOpenAiError(
      await fetch(url, { ...init, dispatcher: this.#connections.dispatcher, redirect: 'manual' }),
    )) as unknown as ClientFetch // undici's types differ from Node's in name only

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }
}

/** Whether an error is permanent, so that repeating the request would fail again. */
export function isLasting(error: unknown): boolean {
  const reason = deepestCause(error)
  return UNTRUSTED.test(failureCode(reason)) || BARRED.test(reason.message)
}
