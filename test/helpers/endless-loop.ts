import { createServer } from 'node:net'
import { WebSocket } from 'undici'

/**
 * A port for Node's inspector. Give it to processes as `NODE_OPTIONS=--inspect-port=…`; they listen there once {@link loopForever} asks
 * them to.
 */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** Starts an endless loop in the main thread of a Node process through its inspector; returns when it loops. */
export async function loopForever(pid: number, port: number): Promise<void> {
  // As `node inspect -p` does: SIGUSR1, or on Windows, which has no signals, a handler that Node provides for this.
  ;(process as unknown as { _debugProcess(pid: number): void })._debugProcess(pid)
  const socket = new WebSocket(await inspectorOf(port))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')), { once: true })
  })
  // The loop starts after its response is sent.
  const replied = new Promise<void>((resolve) => socket.addEventListener('message', () => resolve(), { once: true }))
  const send = (id: number, method: string, params = {}) => socket.send(JSON.stringify({ id, method, params }))
  send(1, 'Runtime.enable')
  await replied
  send(2, 'Runtime.evaluate', { expression: 'for (;;) {}' })
  socket.close()
}

async function inspectorOf(port: number): Promise<string> {
  for (;;) {
    const listed = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => null) // not there yet
    const [target] = listed ? ((await listed.json()) as { webSocketDebuggerUrl: string }[]) : []
    if (target) return target.webSocketDebuggerUrl
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
