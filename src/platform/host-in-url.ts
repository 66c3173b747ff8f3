import { isIPv6 } from 'node:net'

/**
 * A host name or address as URLs and Host headers contain it: in lower case; an IPv6 address, which may be given with or without brackets, in
 * its shortest form, in brackets, and without its zone, which browsers do not accept.
 */
export function hostInUrl(name: string): string {
  const address = name.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '')
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : name.toLowerCase()
}
