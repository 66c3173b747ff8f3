import { timingSafeEqual } from 'node:crypto'
import { hostInUrl } from '../platform/host-in-url.ts'

/** Rules for accepting requests. */
export interface AccessRules {
  /** Accepted host names, without port, as `hostInUrl` returns them. */
  readonly hosts: readonly string[]
  /** Required bearer token; null disables authentication. */
  readonly token: string | null
}

/** Returns the name in a Host header as `hostInUrl` does, without port; null if the header is invalid. */
export function hostName(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '')
  return match?.[1] === undefined ? null : hostInUrl(match[1])
}

/**
 * Whether the Host header has an accepted name. With DNS rebinding, a foreign page points its own name at this machine; its requests carry that
 * name and are rejected.
 */
export function hostAllowed(header: string | undefined, rules: Pick<AccessRules, 'hosts'>): boolean {
  const name = hostName(header)
  return name !== null && rules.hosts.includes(name)
}

/**
 * Whether a request's Origin is this server's own page. Browsers send Origin with every request that could change something and with every
 * cross-origin request from a script; other programs send none.
 */
export function originAllowed(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

/** Compares tokens in constant time. */
export function tokenMatches(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Returns the token of an `Authorization: Bearer …` header. */
export function bearer(header: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1]
}
