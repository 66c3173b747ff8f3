import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdaptorServer } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { RPCHandler } from '@orpc/server/fetch'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { router } from '../service/router.ts'
import type { Service } from '../service/service.ts'
import { CLIPS_PATH, RPC_PATH } from '../shared/contract/addresses.ts'
import { TarsierError } from '../shared/errors.ts'
import { sizeText } from '../shared/size-text.ts'
import { isLoopback, LOOPBACK } from './access.ts'
import { clipRoutes } from './clip-routes.ts'
import { watchConnections } from './connections.ts'
import { gate, jsonOnly, postOnly, refuse } from './gate.ts'
import { serverHealth } from './health.ts'
import { metricsText } from './metrics.ts'
import { openAiRoutes } from './openai/routes.ts'
import { openApiDocument } from './openapi.ts'

export interface ServeOptions {
  /** Defaults to 127.0.0.1: this machine alone. */
  readonly host?: string
  /** Defaults to 7860; 0 takes one that is free. */
  readonly port?: number
  /** What callers have to show; null lets everybody on this machine in. Defaults to a new one. */
  readonly token?: string | null
  /** Further names by which the server may be called. Needed to listen to other machines. */
  readonly allowHosts?: readonly string[]
  /** A folder whose files the OpenAI-compatible API may be asked about by their paths. Defaults to none. */
  readonly mediaRoot?: string
  /** Hosts from which the OpenAI-compatible API may fetch media. Defaults to none. */
  readonly allowRemote?: readonly string[]
  /** Most bytes of one upload. Defaults to 16 GB. */
  readonly maxUpload?: number
  /** Numbers at `/metrics`. Defaults to false. */
  readonly metrics?: boolean
  /** Milliseconds for which a client may be silent in the middle of a request. Defaults to a minute. */
  readonly timeout?: number
}

export interface RunningServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly token: string | null
  /** Where the page is, with the token in it where one is needed. */
  readonly address: string
}

const DEFAULT_PORT = 7860
/** Of a request in JSON; an export of a large library is one. */
const MAX_JSON = 256 * 1024 * 1024
const IDLE_TIMEOUT_MS = 60_000

/** Serves the page, the contract and the OpenAI-compatible API. Throws `usage` for a door left open by mistake, `not-allowed` for a port that is taken. */
export async function startServer(service: Service, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = DEFAULT_PORT, allowHosts = [], maxUpload = 16e9, timeout = IDLE_TIMEOUT_MS } = options
  const token = options.token === undefined ? randomBytes(24).toString('base64url') : options.token
  expectClosed(host, allowHosts, token)
  const hosts = [...LOOPBACK, ...allowHosts, ...(isWildcard(host) ? [] : [host])].map((name) => name.toLowerCase())

  const app = new Hono()
  let bound = port
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
    // One connection is one client when answers take turns; pages behind one address share their place in line with nobody.
    const client = c.req.header('x-tarsier-client') ?? 'page'
    const { response } = await handler.handle(c.req.raw, { prefix: RPC_PATH, context: { service, client: client.slice(0, 64) } })
    return response ?? c.notFound()
  })
  app.route('/v1', openAiRoutes(service, { mediaRoot: options.mediaRoot, allowRemote: options.allowRemote ?? [], maxBytes: MAX_JSON }))
  const page = pageFolder()
  if (page) app.get('*', serveStatic({ root: page }))
  app.onError((error, c) => {
    service.log.error('server', error.message)
    return refuse(c, 500, 'Something went wrong inside. The log tells more.', 'internal')
  })

  const serverOptions = {
    // An upload takes as long as it takes.
    requestTimeout: 0,
    headersTimeout: timeout,
    connectionsCheckingInterval: Math.min(5000, timeout),
    // Finds out about machines that are gone without a word while an answer is streamed to them.
    keepAlive: true,
    keepAliveInitialDelay: timeout,
  }
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions, autoCleanupIncoming: false }) as Server
  watchConnections(server, timeout)
  await listen(server, host, port)
  const address = server.address()
  bound = typeof address === 'object' && address ? address.port : port
  const shown = isWildcard(host) ? (allowHosts[0] ?? 'localhost') : host.includes(':') ? `[${host}]` : host
  return {
    host,
    port: bound,
    token,
    address: `http://${shown}:${bound}/${token === null ? '' : `?token=${token}`}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function tooLarge(c: Context): Response {
  return c.text(`That request is larger than ${sizeText(MAX_JSON)}, the most this server takes. Send less at a time.\n`, 413)
}

/** Nobody opens a door to other machines without saying so, and none without a lock. */
function expectClosed(host: string, allowHosts: readonly string[], token: string | null): void {
  if (isLoopback(host)) return
  if (allowHosts.length === 0) {
    throw new TarsierError(
      'usage',
      `--host ${host} lets other machines in. Say by which names they may call this one, with --allow-host NAME.`,
    )
  }
  if (token === null) throw new TarsierError('usage', `--host ${host} lets other machines in, so a token is needed: leave --no-token out.`)
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message
      reject(
        new TarsierError('not-allowed', `The server cannot listen on ${host}:${port}: ${why}. Choose another --port.`, { cause: error }),
      )
    })
    server.listen(port, host, () => resolve())
  })
}

/** The built page, beside the built program or in the build folder of the sources; null where it was not built. */
function pageFolder(): string | null {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const folder = join(directory, 'out', 'renderer')
    if (existsSync(join(folder, 'index.html'))) return folder
    if (dirname(directory) === directory) return null
  }
}
