import { timingSafeEqual } from 'node:crypto'

/** Who may ask the server. */
export interface AccessRules {
  /** Names by which the server may be called, without port, in lower case. */
  readonly hosts: readonly string[]
  /** Null where nobody has to show one. */
  readonly token: string | null
}

/** Names that always mean this machine, whatever a name server says. */
export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host.toLowerCase()) || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/** The name in a Host header without its port; null for what is no such header. */
export function hostName(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '')
  return match?.[1]?.toLowerCase() ?? null
}

/**
 * Whether the Host header is one of ours. A foreign page whose name was pointed at this machine (DNS rebinding) comes with its own name
 * here, so its requests go nowhere.
 */
export function hostAllowed(header: string | undefined, rules: Pick<AccessRules, 'hosts'>): boolean {
  const name = hostName(header)
  return name !== null && rules.hosts.includes(name)
}

/**
 * Whether a request's Origin is the page that this very server gives. Browsers put it on every request that could change something and
 * on every one from a foreign page's script; programs send none.
 */
export function originAllowed(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

/** Compares without telling by its time how much was right. */
export function tokenMatches(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The token of an `Authorization: Bearer …` header. */
export function bearer(header: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1]
}
