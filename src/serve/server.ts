import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdaptorServer } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { RPCHandler } from '@orpc/server/fetch'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { hostInUrl } from '../platform/host-in-url.ts'
import { isLoopback, LOOPBACK } from '../platform/loopback.ts'
import { agentsOf } from '../service/agent-service.ts'
import { AllowedFolders } from '../service/allowed-folders.ts'
import { router } from '../service/router.ts'
import type { Service } from '../service/service.ts'
import { AGENTS_PATH, CLIENT_HEADER, CLIPS_PATH, RPC_PATH } from '../shared/contract/addresses.ts'
import { deepestCause, failureCode, TarsierError } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'
import { clipRoutes } from './clip-routes.ts'
import { watchConnections } from './connections.ts'
import { gate, jsonOnly, postOnly, refuse } from './gate.ts'
import { serverHealth } from './health.ts'
import { homeToken } from './home-token.ts'
import { AgentRoutes } from './mcp/routes.ts'
import { metricsText } from './metrics.ts'
import { openAiRoutes } from './openai/routes.ts'
import { openApiDocument } from './openapi.ts'

export interface ServeOptions {
  /** Address to listen on. Defaults to 127.0.0.1, which only this machine can reach. */
  readonly host?: string
  /** Port to listen on; 0 selects a free port. Defaults to {@link DEFAULT_PORT}, or to a free port if that is in use. */
  readonly port?: number
  /** Bearer token that requests must carry; `null` disables authentication. Defaults to the token of the home folder. */
  readonly token?: string | null
  /** Additional accepted host names. Required to listen on other interfaces. */
  readonly allowHosts?: readonly string[]
  /** Folder whose files requests to the OpenAI-compatible API, and agents, may name by path. Defaults to none. */
  readonly mediaRoot?: string
  /** Hosts from which the OpenAI-compatible API may fetch media. Defaults to none. */
  readonly allowRemote?: readonly string[]
  /** Largest upload in bytes. Defaults to 16 GB. */
  readonly maxUpload?: number
  /** Whether to serve metrics at `/metrics`. Defaults to false. */
  readonly metrics?: boolean
  /** Time that a client may be silent during a request, in milliseconds. Defaults to one minute. */
  readonly timeout?: number
}

export interface RunningServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly token: string | null
  /** Address of the page, including the token if one is required. */
  readonly address: string
}

export const DEFAULT_PORT = 7860
/** Largest JSON request in bytes; exports of large libraries are such requests. */
const MAX_JSON = 256 * 1024 * 1024
const IDLE_TIMEOUT_MS = 60_000

/**
 * Serves the page, the contract, the OpenAI-compatible API and the tools for agents. Throws `usage` for options that would expose the server by mistake, `not-allowed`
 * if the port is in use, `file-missing` for a media root that does not exist.
 */
export async function startServer(service: Service, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port, allowHosts = [], maxUpload = 16e9, timeout = IDLE_TIMEOUT_MS } = options
  const token = options.token === undefined ? await homeToken(service.home) : options.token
  expectClosed(host, allowHosts, token)
  const hosts = [...LOOPBACK, ...allowHosts, ...(isWildcard(host) ? [] : [host])].map(hostInUrl)

  const app = new Hono()
  let bound = port ?? DEFAULT_PORT
  app.use(
    '*',
    gate({ hosts, token }, () => bound),
  )
  app.get('/health', (c) => {
    const health = serverHealth(service)
    return c.json(health, health.status === 'failing' ? 503 : 200)
  })
  if (options.metrics) app.get('/metrics', (c) => c.text(metricsText(service)))
  app.get('/openapi.json', (c) => c.json(openApiDocument()))
  app.route(CLIPS_PATH, clipRoutes(service, { maxUpload }))
  app.use(`${RPC_PATH}/*`, jsonOnly, bodyLimit({ maxSize: MAX_JSON, onError: tooLarge }), postOnly)
  const handler = new RPCHandler(router)
  app.use(`${RPC_PATH}/*`, async (c) => {
    // Clients are scheduled fairly by this id, not by their address.
    const client = c.req.header(CLIENT_HEADER) ?? 'page'
    const { response } = await handler.handle(c.req.raw, { prefix: RPC_PATH, context: { service, client: client.slice(0, 64) } })
    return response ?? c.notFound()
  })
  const folders = await openFolders(options.mediaRoot)
  const media = { mediaRoot: options.mediaRoot, allowRemote: options.allowRemote ?? [], maxBytes: MAX_JSON }
  app.route('/v1', openAiRoutes(service, media, [service.home, ...folders.names]))
  const agents = new AgentRoutes({ service: agentsOf(service), folders })
  app.route(AGENTS_PATH, agents.routes)
  const page = pageFolder()
  if (page) {
    app.get('/', async (_, next) => {
      // While the page is being loaded, which then asks for pictures of clips.
      service.media.start()
      await next()
    })
    app.get('*', serveStatic({ root: page }))
  }
  app.onError((error, c) => {
    // A client that closes its connection is no fault.
    if (!c.req.raw.signal.aborted) service.log.error('server', error.message)
    return refuse(c, 500, 'Internal error. See the log for details.', 'internal')
  })

  const serverOptions = {
    // Uploads have no time limit.
    requestTimeout: 0,
    headersTimeout: timeout,
    connectionsCheckingInterval: Math.min(5000, timeout),
    // Detects clients that disappear while a response is streamed to them.
    keepAlive: true,
    keepAliveInitialDelay: timeout,
  }
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions, autoCleanupIncoming: false }) as Server
  watchConnections(server, timeout)
  if (port !== undefined) await listen(server, host, port)
  else await listenByDefault(server, host)
  const address = server.address()
  bound = typeof address === 'object' && address ? address.port : bound
  const shown = hostInUrl(isWildcard(host) ? (allowHosts[0] ?? 'localhost') : host)
  return {
    host,
    port: bound,
    token,
    address: `http://${shown}:${bound}/${token === null ? '' : `?token=${token}`}`,
    async [Symbol.asyncDispose]() {
      await agents[Symbol.asyncDispose]()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function openFolders(mediaRoot: string | undefined): Promise<AllowedFolders> {
  const advice = 'The server opens files below the folder given with --media-root only.'
  return AllowedFolders.open(mediaRoot === undefined ? [] : [mediaRoot], { showsPaths: false, advice })
}

function tooLarge(c: Context): Response {
  return c.text(`The request is larger than the limit of ${sizeText(MAX_JSON)}. Send smaller requests.\n`, 413)
}

/** Requires explicit host names and a token to listen on other interfaces. */
function expectClosed(host: string, allowHosts: readonly string[], token: string | null): void {
  if (isLoopback(host)) return
  if (allowHosts.length === 0) {
    throw new TarsierError('usage', `With --host ${host} other machines can connect. Give the host names they use with --allow-host NAME.`)
  }
  if (token === null)
    throw new TarsierError('usage', `With --host ${host} other machines can connect, so a token is required. Remove --no-token.`)
}

function isWildcard(host: string): boolean {
  return ['0.0.0.0', '[::]'].includes(hostInUrl(host))
}

/** Listens on the default port, or on a free one if it is in use. */
async function listenByDefault(server: Server, host: string): Promise<void> {
  try {
    await listen(server, host, DEFAULT_PORT)
  } catch (error) {
    if (failureCode(deepestCause(error)) !== 'EADDRINUSE') throw error
    await listen(server, host, 0)
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is in use' : error.message
      reject(
        new TarsierError('not-allowed', `The server cannot listen on ${hostInUrl(host)}:${port}: ${why}. Choose another --port.`, {
          cause: error,
        }),
      )
    }
    server.once('error', fail)
    server.listen(port, host.replace(/^\[(.*)\]$/, '$1'), () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** Returns the folder of the built page, next to the built program or in the build folder of the sources; null if it was not built. */
function pageFolder(): string | null {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const folder = join(directory, 'out', 'renderer')
    if (existsSync(join(folder, 'index.html'))) return folder
    if (dirname(directory) === directory) return null
  }
}
