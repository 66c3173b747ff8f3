import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici'
import { TarsierError } from '../../../shared/errors.ts'

/** The proxies that an environment names, by the kind of address they are for; empty for none. */
export interface Proxies {
  readonly http: string
  readonly https: string
  /** Hosts that are asked without one, as NO_PROXY lists them. */
  readonly except: string
}

const CONNECT_MS = 15_000

/** Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, each also in lower case, which comes first. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies {
  const named = (...names: string[]) => names.map((name) => env[name.toLowerCase()] || env[name]).find(Boolean) ?? ''
  return { http: named('HTTP_PROXY', 'ALL_PROXY'), https: named('HTTPS_PROXY', 'ALL_PROXY'), except: named('NO_PROXY') }
}

/**
 * What sends requests through these proxies, or straight where there is none. Throws `usage` for an address that is none.
 * @param stall milliseconds without a byte after which a connection is given up
 */
export function dispatcherFor({ http, https, except }: Proxies, stall: number): Dispatcher {
  const limits = { headersTimeout: stall, bodyTimeout: stall }
  const options = { ...limits, connect: { timeout: Math.min(stall, CONNECT_MS) } }
  if (http === '' && https === '') return new Agent(options)
  try {
    return new EnvHttpProxyAgent({
      ...options,
      // undici forgets the limits on the way to a proxy that hands plain requests on.
      factory: (origin, given) => new Pool(origin, { ...given, ...limits }),
      httpProxy: http,
      httpsProxy: https,
      noProxy: except,
      proxyTunnel: false,
    })
  } catch (error) {
    throw new TarsierError('usage', 'HTTP_PROXY or HTTPS_PROXY is no address of a proxy. Give one such as http://proxy.example:3128.', {
      cause: error,
    })
  }
}
