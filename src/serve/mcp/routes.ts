import { createMcpHandler, isLegacyRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { newId } from '../../library/ids.ts'
import { jsonOnly } from '../gate.ts'
import { createAgentServer } from './agent-server.ts'
import type { AgentParts } from './parts.ts'

/** Largest number of connected programs; the one that was silent the longest is forgotten first, and connects again. */
const MAX_SESSIONS = 100

/** Streamable HTTP for agents' programs. Disposing it ends their calls. */
export class AgentRoutes implements AsyncDisposable {
  readonly routes = new Hono()
  readonly #parts: Omit<AgentParts, 'client'>
  readonly #stateless: ReturnType<typeof createMcpHandler>
  /** Least recently used first. */
  readonly #sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()

  constructor(parts: Omit<AgentParts, 'client'>) {
    this.#parts = parts
    const onerror = (error: Error) => parts.service.log.error('agents', error.message)
    this.#stateless = createMcpHandler(() => createAgentServer({ ...parts, client: `agent ${newId()}` }), { legacy: 'reject', onerror })
    this.routes.post('/', jsonOnly)
    this.routes.all('/', (c) => this.#answer(c.req.raw))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stateless.close()
    await Promise.all([...this.#sessions.values()].map((transport) => transport.close()))
  }

  /** The protocol of 2026-07-28 has no sessions. In those before, a call is cancelled by another request of its session. */
  async #answer(request: Request): Promise<Response> {
    if (!(await isLegacyRequest(request))) return await this.#stateless.fetch(request)
    const id = request.headers.get('mcp-session-id')
    if (id === null) return await this.#begin(request)
    const transport = this.#sessions.get(id)
    // With this status a program begins a new session.
    if (!transport) return Response.json(UNKNOWN_SESSION, { status: 404 })
    this.#sessions.delete(id)
    this.#sessions.set(id, transport)
    return await transport.handleRequest(request)
  }

  async #begin(request: Request): Promise<Response> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: newId,
      onsessioninitialized: (id) => void this.#sessions.set(id, transport),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    const server = createAgentServer({ ...this.#parts, client: `agent ${newId()}` })
    await server.connect(transport)
    const response = await transport.handleRequest(request)
    if (transport.sessionId === undefined) await server.close()
    const [oldest] = this.#sessions
    if (oldest && this.#sessions.size > MAX_SESSIONS) {
      this.#sessions.delete(oldest[0])
      await oldest[1].close()
    }
    return response
  }
}

const UNKNOWN_SESSION = { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'This session has ended. Begin a new one.' } } as const
