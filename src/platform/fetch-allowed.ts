import { TarsierError, typedCause } from '../shared/errors.ts'
import type { GuardedConnections } from './guarded-connections.ts'
import { hostInUrl } from './host-in-url.ts'

const MAX_REDIRECTS = 3

export interface AllowedHosts {
  /** Hosts from which something may be fetched, with or without a port. */
  readonly hosts: readonly string[]
  /** The error for another host, with what a user can do. */
  readonly refused: (target: URL) => TarsierError
}

/**
 * Requests an http(s) address of an allowed host, and follows redirects, each to an allowed host. The response is the last one, whatever its status.
 * Throws the allowed hosts' own error, `connections-off`, `file-unreadable` for redirects that lead nowhere, and as `fetch` does.
 */
export async function fetchAllowed(
  address: URL,
  allowed: AllowedHosts,
  { headers = {}, signal }: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  let target = address
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    expectAllowed(target, allowed)
    const response = await fetchGuarded(target, { headers, signal })
    const next = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || next === null) return response
    await response.body?.cancel()
    if (!URL.canParse(next, target.href)) throw new TarsierError('file-unreadable', `${target.host} redirects to an invalid URL.`)
    target = new URL(next, target)
  }
  throw new TarsierError('file-unreadable', `${address.host} redirects too many times.`)
}

/** Throws the allowed hosts' own error for another host, and for other protocols. */
export function expectAllowed(target: URL, { hosts, refused }: AllowedHosts): void {
  const { protocol, host, hostname } = target
  const allowed = hosts.map(hostInUrl)
  if (!/^https?:$/.test(protocol) || !(allowed.includes(host) || allowed.includes(hostname))) throw refused(target)
}

let connections: GuardedConnections | null = null

async function fetchGuarded(target: URL, options: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }) {
  // Imported on demand: most commands need no HTTP client.
  const [{ Agent, fetch }, guarded] = await Promise.all([import('undici'), import('./guarded-connections.ts')])
  connections ??= new guarded.GuardedConnections(() => new Agent())
  try {
    const response = await fetch(target, { ...options, redirect: 'manual', dispatcher: connections.dispatcher })
    return response as unknown as Response // undici's types differ from Node's in name only
  } catch (error) {
    throw typedCause(error) ?? error
  }
}
