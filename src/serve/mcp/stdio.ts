import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { createAgentServer } from './agent-server.ts'
import type { AgentParts } from './parts.ts'

/** Serves one agent's program over stdin and stdout, which carry nothing but the protocol, until it closes stdin or the signal aborts. */
export async function serveAgent(parts: Omit<AgentParts, 'client'>, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const connection = serveStdio(() => createAgentServer({ ...parts, client: 'agent' }), {
    transport: new StdioServerTransport(),
    onerror: (error) => parts.service.log.error('agents', error.message),
  })
  await ended
  await connection.close()
}
