import { Agent, EnvHttpProxyAgent, Pool } from 'undici'
import { GuardedConnections } from '../../../platform/guarded-connections.ts'
import { TarsierError } from '../../../shared/errors.ts'

/** Proxies from the environment, by protocol of the address; an empty string means none. */
export interface Proxies {
  readonly http: string
  readonly https: string
  /** Hosts without a proxy, in the format of NO_PROXY. */
  readonly except: string
}

const CONNECT_MS = 15_000

/** Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; lower-case names take precedence. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies {
  const named = (...names: string[]) => names.map((name) => env[name.toLowerCase()] || env[name]).find(Boolean) ?? ''
  return { http: named('HTTP_PROXY', 'ALL_PROXY'), https: named('HTTPS_PROXY', 'ALL_PROXY'), except: named('NO_PROXY') }
}

/**
 * Returns connections through these proxies, or direct ones if there are none. Throws `usage` for an invalid proxy address.
 * @param stall milliseconds without a byte before a connection is closed
 */
export function connectionsFor({ http, https, except }: Proxies, stall: number): GuardedConnections {
  const limits = { headersTimeout: stall, bodyTimeout: stall }
  const options = { ...limits, connect: { timeout: Math.min(stall, CONNECT_MS) } }
  const direct = () => new Agent(options)
  if (http === '' && https === '') return new GuardedConnections(direct)
  const proxied = () =>
    new EnvHttpProxyAgent({
      ...options,
      // undici does not pass the limits to a proxy that forwards plain HTTP requests.
      factory: (origin, given) => new Pool(origin, { ...given, ...limits }),
      httpProxy: http,
      httpsProxy: https,
      noProxy: except,
      proxyTunnel: false,
    })
  try {
    return new GuardedConnections(direct, proxied)
  } catch (error) {
    throw new TarsierError(
      'usage',
      'HTTP_PROXY or HTTPS_PROXY is not a valid proxy URL. Set it to a URL such as http://proxy.example:3128.',
      {
        cause: error,
      },
    )
  }
}
