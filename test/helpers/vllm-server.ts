import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import sharp from 'sharp'
import { z } from 'zod'

/** What vLLM's own model of a request accepts of the fields that are sent. It ignores unknown fields; here they are errors of the client. */
const requestSchema = z
  .object({
    model: z.string(),
    messages: z
      .array(
        z
          .object({
            role: z.enum(['system', 'user', 'assistant']),
            content: z.union([
              z.string(),
              z.array(
                z.discriminatedUnion('type', [
                  z.object({ type: z.literal('text'), text: z.string() }).strict(),
                  z.object({ type: z.literal('video_url'), video_url: z.object({ url: z.string() }).strict() }).strict(),
                ]),
              ),
            ]),
          })
          .strict(),
      )
      .min(1),
    max_tokens: z.int().min(1),
    temperature: z.number().min(0),
    top_p: z.number().gt(0).max(1),
    top_k: z.int().min(1).optional(),
    repetition_penalty: z.number().gt(0).optional(),
    seed: z.int().optional(),
    stop: z.array(z.string()).optional(),
    continue_final_message: z.boolean().optional(),
    add_generation_prompt: z.boolean().optional(),
    media_io_kwargs: z
      .object({ video: z.object({ num_frames: z.int() }).strict() })
      .strict()
      .optional(),
    mm_processor_kwargs: z.object({ do_resize: z.boolean() }).strict().optional(),
  })
  .strict()
export type VllmRequest = z.infer<typeof requestSchema>

/** A frame as the server decoded it. */
export interface SeenFrame {
  readonly width: number
  readonly height: number
  readonly rgb: Buffer
}

/** A request that was understood. */
export interface SeenRequest {
  readonly body: VllmRequest
  readonly key: string
  readonly clips: readonly (readonly SeenFrame[])[]
  readonly promptTokens: number
  /** Whether the client closed the connection before the answer. */
  readonly aborted: boolean
}

export type Misbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'cut' }
  /** Answers when the promise resolves. */
  | { readonly kind: 'slow'; readonly until: Promise<void> }
  | { readonly kind: 'garbage'; readonly body: string }
  /** Closes the connection in the middle of the answer. */
  | { readonly kind: 'half' }
  | { readonly kind: 'tokens'; readonly more: number }
  | { readonly kind: 'no-usage' }

export interface VllmOptions {
  readonly model: string
  /** Text tokens of a request, which only a tokenizer knows. */
  readonly textTokens: (body: VllmRequest) => Promise<number>
  /** Limits of the checkpoint's image processor. */
  readonly minPixels: number
  readonly maxPixels: number
  /** Whether it was started with `--trust-request-mm-kwargs`. Defaults to true. */
  readonly trusts?: boolean
  /** What it was started with in `--media-io-kwargs` and `--mm-processor-kwargs`. Defaults to vLLM's own. */
  readonly numFrames?: number
  readonly resizes?: boolean
  /** Faults, by the number of the request from 0; probe requests count. */
  readonly misbehave?: (nth: number, body: VllmRequest) => Misbehaviour | null
  readonly port?: number
}

/** Qwen2-VL's patches: pixels per side, per side of a visual token, and frames. */
const [PATCH, CELL, FRAMES] = [14, 28, 2]

/**
 * A server with vLLM's forms of a request, over a real socket: lists of pictures, media settings, Qwen2-VL's rule for visual tokens, and its errors,
 * as vLLM 0.32 has them. It writes the number of pictures and the first question as its answer.
 */
export class VllmServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  /** Requests in progress, and their maximum. */
  busy = 0
  busiest = 0
  readonly #options: VllmOptions
  readonly #server: Server
  #received = 0

  private constructor(options: VllmOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      this.busiest = Math.max(this.busiest, ++this.busy)
      response.once('close', () => this.busy--)
      this.#serve(request, response).catch((error: unknown) =>
        refuse(response, 400, error instanceof Error ? error.message : String(error)),
      )
    })
  }

  static async start(options: VllmOptions): Promise<VllmServer> {
    const made = new VllmServer(options)
    made.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The client may go away before the request is understood.
    let closed = false
    const closing = new Promise<void>((resolve) => {
      response.once('close', () => {
        closed = true
        resolve()
      })
    })
    const pieces: Buffer[] = []
    request.on('error', () => {}) // the client went away
    for await (const piece of request) pieces.push(piece as Buffer)
    if (request.url !== '/v1/chat/completions') return refuse(response, 404, 'Not Found')
    const body = requestSchema.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')))
    const fault = this.#options.misbehave?.(this.#received++, body) ?? null
    if (fault?.kind === 'status') return refuse(response, fault.status, fault.message ?? `status ${fault.status}`, fault.headers)
    if (fault?.kind === 'cut') return void request.socket.destroy()
    if (body.model !== this.#options.model) return refuse(response, 404, `The model \`${body.model}\` does not exist.`)
    this.#expectTrust(body)
    const clips: SeenFrame[][] = []
    let visual = 0
    for (const { content } of body.messages) {
      for (const part of typeof content === 'string' ? [] : content) {
        if (part.type !== 'video_url') continue
        const frames = await this.#frames(part.video_url.url, body)
        clips.push(frames)
        visual += this.#visualTokens(frames, body)
      }
    }
    const promptTokens = visual + (await this.#options.textTokens(body))
    const note = (aborted: boolean) => this.seen.push({ body, key: request.headers.authorization ?? '', clips, promptTokens, aborted })
    if (fault?.kind === 'slow') await Promise.race([fault.until, closing])
    note(closed)
    if (closed) return
    const [question] = body.messages.flatMap(({ content }) =>
      typeof content === 'string' ? [content] : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
    )
    const usage = { prompt_tokens: promptTokens + (fault?.kind === 'tokens' ? fault.more : 0), completion_tokens: 5, total_tokens: 0 }
    const value = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: body.model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: `${clips[0]?.length ?? 0} pictures: ${question ?? ''}`, tool_calls: [] },
          finish_reason: 'stop',
          stop_reason: null,
        },
      ],
      ...(fault?.kind !== 'no-usage' && { usage }),
    }
    const text = fault?.kind === 'garbage' ? fault.body : JSON.stringify(value)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    if (fault?.kind === 'half') response.write(text.slice(0, 20), () => request.socket.destroy())
    else response.end(text)
  }

  #expectTrust({ media_io_kwargs, mm_processor_kwargs }: VllmRequest): void {
    if (this.#options.trusts ?? true) return
    for (const [name, value] of Object.entries({ mm_processor_kwargs, media_io_kwargs }))
      if (value)
        throw new Error(
          `Per-request ${name} are disabled by default because they can change multimodal preprocessing resource usage. Start the server with --trust-request-mm-kwargs only when clients are trusted.`,
        )
  }

  async #frames(url: string, { media_io_kwargs }: VllmRequest): Promise<SeenFrame[]> {
    const head = 'data:video/jpeg;base64,'
    if (!url.startsWith(head)) throw new Error('Non-base64 digit found')
    const count = media_io_kwargs?.video.num_frames ?? this.#options.numFrames ?? 32
    if (count === 0) throw new Error('num_frames must be greater than 0 or -1')
    const pictures = url.slice(head.length).split(',')
    const frames: SeenFrame[] = []
    for (const picture of count < 0 ? pictures : pictures.slice(0, count)) {
      if (picture.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(picture)) throw new Error('Non-base64 digit found')
      const { data, info } = await sharp(Buffer.from(picture, 'base64')).removeAlpha().raw().toBuffer({ resolveWithObject: true })
      frames.push({ width: info.width, height: info.height, rgb: data })
    }
    if (frames.some(({ width, height }) => width !== frames[0]?.width || height !== frames[0]?.height))
      throw new Error('all input arrays must have the same shape')
    return frames
  }

  #visualTokens(frames: readonly SeenFrame[], { mm_processor_kwargs }: VllmRequest): number {
    const { width = 0, height = 0 } = frames[0] ?? {}
    const resizes = mm_processor_kwargs?.do_resize ?? this.#options.resizes ?? true
    const [w, h] = resizes ? this.#resized(width, height) : [width, height]
    if (w % CELL !== 0 || h % CELL !== 0) throw new Error(`cannot divide ${w}x${h} pixels into patches`)
    return Math.ceil(frames.length / FRAMES) * (w / PATCH) * (h / PATCH) * (PATCH / CELL) ** 2
  }

  /** Qwen2-VL's `smart_resize`. */
  #resized(width: number, height: number): [width: number, height: number] {
    const { minPixels, maxPixels } = this.#options
    const near = (side: number) => Math.max(CELL, Math.round(side / CELL) * CELL)
    if (near(width) * near(height) > maxPixels) {
      const by = Math.sqrt((width * height) / maxPixels)
      return [Math.floor(width / by / CELL) * CELL, Math.floor(height / by / CELL) * CELL]
    }
    if (near(width) * near(height) >= minPixels) return [near(width), near(height)]
    const by = Math.sqrt(minPixels / (width * height))
    return [Math.ceil((width * by) / CELL) * CELL, Math.ceil((height * by) / CELL) * CELL]
  }
}

function refuse(response: ServerResponse, status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
  const type = status === 404 ? 'NotFoundError' : 'BadRequestError'
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ error: { message, type, param: null, code: status } }))
}
