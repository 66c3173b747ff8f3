import { isIPv4 } from 'node:net'
import { hostInUrl } from './host-in-url.ts'

/** Names of the loopback interface in URLs, independent of name servers. */
export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether a host name or address, as in URLs or without brackets, is this machine's loopback interface. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(hostInUrl(host)) || (isIPv4(host) && host.startsWith('127.'))
}
