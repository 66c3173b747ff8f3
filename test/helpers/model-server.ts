import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A received request for a chat completion. */
export interface ReceivedRequest {
  readonly key: string
  readonly body: ChatBody
  /** The question without its clips. */
  readonly prompt: string
}

interface ChatBody {
  readonly [name: string]: unknown
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Part[] }[]
}
interface Part {
  readonly type: string
  readonly text?: string
  readonly image_url?: { readonly url: string }
  readonly video_url?: { readonly url: string }
}

/** The server's reply to a request. */
export type Reply =
  | { readonly kind: 'say'; readonly text: string; readonly after?: number }
  | { readonly kind: 'fail'; readonly status: number; readonly message: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'cut' }
  | { readonly kind: 'raw'; readonly body: string; readonly status?: number }

/** A server with the chat completions API over a real socket, with faults on demand. */
export class ModelServer implements AsyncDisposable {
  readonly received: ReceivedRequest[] = []
  readonly #server: Server
  readonly #reply: (received: ReceivedRequest, count: number) => Reply

  private constructor(reply: (received: ReceivedRequest, count: number) => Reply) {
    this.#reply = reply
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  /** @param reply is called with the request and the number of requests with its prompt so far */
  static async start(reply: (received: ReceivedRequest, count: number) => Reply): Promise<ModelServer> {
    const made = new ModelServer(reply)
    made.#server.listen(0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    request.on('error', () => {}) // the client was killed
    for await (const piece of request) pieces.push(piece as Buffer)
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as ChatBody
    const [user] = body.messages
    const prompt = Array.isArray(user?.content) ? ((user.content as readonly Part[]).find(({ type }) => type === 'text')?.text ?? '') : ''
    const received: ReceivedRequest = { key: request.headers.authorization ?? '', body, prompt }
    this.received.push(received)
    const reply = this.#reply(received, this.received.filter((other) => other.prompt === prompt).length)
    const send = (status: number, value: string, headers: Readonly<Record<string, string>> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(value)
    if (reply.kind === 'say') {
      if (reply.after) await new Promise((resolve) => setTimeout(resolve, reply.after))
      send(
        200,
        JSON.stringify({
          object: 'chat.completion',
          choices: [{ index: 0, message: { role: 'assistant', content: reply.text }, finish_reason: 'stop' }],
        }),
      )
    } else if (reply.kind === 'fail') send(reply.status, JSON.stringify({ error: { message: reply.message } }), reply.headers)
    else if (reply.kind === 'raw') send(reply.status ?? 200, reply.body)
    else request.socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
