import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The body of a request for a chat completion, as far as the tests use it. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly stream?: boolean
  readonly temperature?: number
  readonly response_format?: { readonly type: string; readonly json_schema?: { readonly name: string; readonly schema: unknown } }
}

/** A received request. */
export interface SeenChat {
  readonly url: string
  readonly authorization: string | null
  readonly apiKey: string | null
  readonly body: ChatRequest
  /** Milliseconds, of `performance.now()`. */
  readonly at: number
}

/** Faults of a server instead of an answer. */
export type ChatMisbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly error?: object }
  /** Closes the connection after this many characters of the answer. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Ends the stream without an error before the answer is complete. */
  | { readonly kind: 'unfinished'; readonly after: number }
  /** Sends nothing more after this many characters. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Never stops sending. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'finish'; readonly reason: string }
  | { readonly kind: 'text'; readonly text: string }

/**
 * A server of chat completions with OpenAI's and Azure's routes and streaming. `answer` returns the model's output; `misbehave` is called
 * before.
 */
export class ChatServer implements AsyncDisposable {
  readonly seen: SeenChat[] = []
  /** The valid key. */
  key = 'sk-a-secret-key'
  /** Parameters it rejects, like models that do not support them. */
  unsupported: readonly ('json_schema' | 'json_object' | 'temperature')[] = []
  answer: (request: ChatRequest) => string | Promise<string> = () => '{}'
  misbehave: (request: ChatRequest, nth: number) => ChatMisbehaviour | null = () => null
  /** Requests in progress, and their maximum. */
  busy = 0
  busiest = 0
  readonly #server: Server
  readonly #endless = new Set<NodeJS.Timeout>()

  private constructor() {
    this.#server = createServer((request, response) => {
      this.busiest = Math.max(this.busiest, ++this.busy)
      response.once('close', () => this.busy--)
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async start(): Promise<ChatServer> {
    const server = new ChatServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get baseUrl(): string {
    return `http://${this.host}/v1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#endless) clearInterval(timer)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const header = (name: string) => (request.headers[name] as string | undefined) ?? null
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as ChatRequest
    const seen = { url: request.url ?? '', authorization: header('authorization'), apiKey: header('api-key'), body, at: performance.now() }
    const nth = this.seen.push(seen) - 1
    const given = seen.apiKey ?? seen.authorization?.replace('Bearer ', '')
    if (given !== this.key) {
      return fail(response, 401, { code: 'invalid_api_key', message: `Incorrect API key provided: ${given}.` })
    }
    if (!/^\/(v1|openai\/deployments\/[^/]+)\/chat\/completions/.test(seen.url)) return fail(response, 404, { message: 'No such route.' })
    const refused = this.#refused(body)
    if (refused !== null) return fail(response, 400, refused)
    await this.#write(response, body, this.misbehave(body, nth))
  }

  #refused({ response_format, temperature }: ChatRequest): object | null {
    const type = response_format?.type
    if ((type === 'json_schema' || type === 'json_object') && this.unsupported.includes(type)) {
      const message = `Invalid parameter: 'response_format' of type '${type}' is not supported with this model.`
      return { type: 'invalid_request_error', param: 'response_format', code: null, message }
    }
    if (temperature !== undefined && this.unsupported.includes('temperature')) {
      const message = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."
      return { type: 'invalid_request_error', param: 'temperature', code: 'unsupported_value', message }
    }
    return null
  }

  async #write(response: ServerResponse, body: ChatRequest, wrong: ChatMisbehaviour | null): Promise<void> {
    if (wrong?.kind === 'status') {
      const error = wrong.error ?? { message: `The server had an error (${wrong.status}).` }
      return fail(response, wrong.status, error, wrong.headers)
    }
    const text = wrong?.kind === 'text' ? wrong.text : await this.answer(body)
    const chunk = (delta: object, finish: string | null = null) =>
      response.write(
        `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: body.model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
      )
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    chunk({ role: 'assistant', content: '' })
    if (wrong?.kind === 'endless') {
      const timer = setInterval(() => chunk({ content: 'and so on '.repeat(500) }), 1)
      this.#endless.add(timer)
      response.once('close', () => clearInterval(timer))
      return
    }
    const short = wrong?.kind === 'cut' || wrong?.kind === 'stall' || wrong?.kind === 'unfinished'
    const written = short ? text.slice(0, wrong.after) : text
    for (let at = 0; at < written.length; at += 7) chunk({ content: written.slice(at, at + 7) })
    if (wrong?.kind === 'stall') return
    if (wrong?.kind === 'cut') {
      setImmediate(() => response.destroy())
      return
    }
    if (wrong?.kind !== 'unfinished') {
      chunk({}, wrong?.kind === 'finish' ? wrong.reason : 'stop')
      response.write('data: [DONE]\n\n')
    }
    response.end()
  }
}

function fail(response: ServerResponse, status: number, error: object, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }))
}
