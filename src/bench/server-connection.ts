import type { ClientOptions } from 'openai'
import { type Dispatcher, fetch, type RequestInit } from 'undici'
import { dispatcherFor, proxiesOf } from '../engine/models/hub/proxies.ts'
import { deepestCause, failureCode } from '../shared/errors.ts'
import { withOpenAiError } from './error-body.ts'

type ClientFetch = NonNullable<ClientOptions['fetch']>

/** Servers on this machine: a proxy would look for them on its own. */
const OWN_MACHINE = 'localhost,127.0.0.1,[::1]'
/** A certificate that is not trusted, or none. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/
/** What undici says of a proxy that wants a password, or lets nobody through to there. */
const BARRED = /\((403|407)\)/

/** The way to a server of models: through the proxies of the environment, but for servers on this machine. */
export class ServerConnection implements AsyncDisposable {
  /** What is to be checked when the server cannot be reached, as part of a sentence: the connection, and the proxies where there are any. */
  readonly toCheck: string
  readonly #dispatcher: Dispatcher

  /**
   * @param env where proxies are named (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY); throws `usage` for one that is no address
   * @param stall milliseconds without a byte after which a connection is given up
   */
  constructor(env: Readonly<Record<string, string | undefined>>, stall: number) {
    const proxies = proxiesOf(env)
    const except = proxies.except.trim() === '*' ? '*' : `${proxies.except},${OWN_MACHINE}`
    this.#dispatcher = dispatcherFor({ ...proxies, except }, stall)
    this.toCheck = proxies.http === '' && proxies.https === '' ? 'the connection' : 'the connection, the proxy (HTTPS_PROXY, HTTP_PROXY)'
  }

  /** For the client. The key goes to the address given, and nowhere that one sends it to. */
  readonly fetch = (async (url: string, init: RequestInit) =>
    await withOpenAiError(await fetch(url, { ...init, dispatcher: this.#dispatcher, redirect: 'manual' }))) as unknown as ClientFetch // undici's types differ from Node's in name only

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

/** Whether no answer came for a reason that will be there in a moment as well. */
export function isLasting(error: unknown): boolean {
  const reason = deepestCause(error)
  return UNTRUSTED.test(failureCode(reason)) || BARRED.test(reason.message)
}
