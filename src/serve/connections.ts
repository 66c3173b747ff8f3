import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long a body may go on to come that nobody wants any more: 16 GB over a fast line. */
const MAX_DISCARDING_MS = 600_000

/**
 * Ends connections on which nothing has come for `patience` milliseconds although something was due: a request, or the rest of one.
 * Whoever waits for an answer, or reads one, may be silent for as long as it takes.
 *
 * An answer may be given before the request's body has come, such as that it is too large. Closing then would reset the connection, and
 * most clients would see that instead of the answer: so the rest is read and thrown away, and what was to be closed is closed afterwards.
 */
export function watchConnections(server: Server, timeout: number): void {
  const last = new WeakMap<Socket, { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }>()
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming
    last.set(socket, { incoming, outgoing })
    // Node closes with this once an answer is out that is the connection's last.
    const { destroySoon } = socket
    socket.destroySoon = () => {
      if (incoming.complete) destroySoon.call(socket)
      else {
        socket.end()
        incoming.once('end', () => socket.destroy())
      }
    }
    outgoing.once('finish', () => {
      if (!incoming.complete) discard(incoming)
    })
    outgoing.once('close', () => {
      socket.destroySoon = destroySoon
    })
  })
  server.setTimeout(timeout, (socket) => {
    const request = last.get(socket)
    const answering = request?.incoming.complete && !request.outgoing.writableFinished
    if (!answering) socket.destroy()
  })
}

function discard(incoming: IncomingMessage): void {
  const timer = setTimeout(() => incoming.socket.destroy(), MAX_DISCARDING_MS)
  timer.unref()
  incoming.once('close', () => clearTimeout(timer))
  // Whoever read it has stopped, and would only collect what comes.
  incoming.removeAllListeners('data').removeAllListeners('readable')
  incoming.resume()
}
