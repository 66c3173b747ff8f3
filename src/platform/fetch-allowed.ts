import { TarsierError } from '../shared/errors.ts'

const MAX_REDIRECTS = 3

export interface AllowedHosts {
  /** Hosts from which something may be fetched, with or without a port. */
  readonly hosts: readonly string[]
  /** The error for another host, with what a user can do. */
  readonly refused: (target: URL) => TarsierError
}

/**
 * Requests an http(s) address of an allowed host, and follows redirects, each to an allowed host. The response is the last one, whatever its status.
 * Throws the allowed hosts' own error, `file-unreadable` for redirects that lead nowhere, and as `fetch` does.
 */
export async function fetchAllowed(
  address: URL,
  allowed: AllowedHosts,
  { headers = {}, signal }: { readonly headers?: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  let target = address
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    expectAllowed(target, allowed)
    const response = await fetch(target, { redirect: 'manual', headers, signal })
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
  if (!/^https?:$/.test(protocol) || !(hosts.includes(host) || hosts.includes(hostname))) throw refused(target)
}
