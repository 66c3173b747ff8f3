import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/** A forwarding proxy that records its requests. */
export class ProxyServer implements AsyncDisposable {
  readonly received: string[] = []
  /** Status of every response; null forwards. */
  rejectStatus: number | null = null
  /** Hosts that only the proxy can resolve, such as `judge.example`, and their addresses. */
  readonly hosts = new Map<string, string>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((incoming, response) => {
      const to = incoming.url ?? ''
      this.received.push(to)
      if (this.rejectStatus !== null) {
        response.writeHead(this.rejectStatus).end()
        return
      }
      const url = new URL(to)
      url.host = this.hosts.get(url.hostname) ?? url.host
      const onward = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      incoming.pipe(onward)
    })
    this.#server.on('connect', (incoming, socket) => {
      this.received.push(`CONNECT ${incoming.url}`)
      if (this.rejectStatus !== null) {
        socket.end(`HTTP/1.1 ${this.rejectStatus} No\r\n\r\n`)
        return
      }
      const { hostname, port } = new URL(`http://${incoming.url}`)
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        onward.pipe(socket)
        socket.pipe(onward)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
  }

  static async start(): Promise<ProxyServer> {
    const proxy = new ProxyServer()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
