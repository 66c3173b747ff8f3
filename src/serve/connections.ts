import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Time limit for reading an unwanted request body, in milliseconds: enough for 16 GB over a fast connection. */
const MAX_DISCARDING_MS = 600_000

/**
 * Closes connections that receive nothing for `timeout` milliseconds while a request, or the rest of one, is expected. Clients that wait for a
 * response or read one may be silent for any time.
 * A response may be sent before the whole request body has arrived, for example if the body is too large. Closing the connection then would
 * reset it, and most clients would report the reset instead of the response. Therefore the rest of the body is read and discarded, and the
 * connection is closed afterwards.
 */
export function watchConnections(server: Server, timeout: number): void {
  const last = new WeakMap<Socket, { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }>()
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming
    last.set(socket, { incoming, outgoing })
    // Node calls this after the last response of a connection.
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
  // The previous reader has stopped; its listeners would buffer the data.
  incoming.removeAllListeners('data').removeAllListeners('readable')
  incoming.resume()
}
