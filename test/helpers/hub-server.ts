import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Faults of a hub. Bytes count from the start of the response. */
export type Misbehaviour =
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'flip'; readonly at: number }
  | { readonly kind: 'other-etag'; readonly etag: string | null }
  | { readonly kind: 'no-range' }
  | { readonly kind: 'wrong-range' }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'other-linked-etag' }
  | { readonly kind: 'body'; readonly body: string }

export type Route = 'info' | 'tree' | 'resolve' | 'store'

/** A received request. */
export interface Seen {
  readonly route: Route
  readonly path: string
  readonly file: string | null
  readonly authorization: string | null
  readonly range: string | null
  readonly ifRange: string | null
  status: number
  /** Bytes of the body that were written to the socket. */
  sent: number
}

export interface HubRepository {
  readonly commit: string
  /** Branches and tags of the commit. */
  readonly revisions: readonly string[]
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Names of files on the other host, with sha256; by default those that end in .safetensors, .gguf or .model. */
  readonly large?: (name: string) => boolean
  /** Number of weights that it states; by default none. */
  readonly weights?: number
  readonly gated?: boolean
  readonly private?: boolean
}

type Reply =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body?: string }
  | { readonly bytes: Uint8Array; readonly headers: Record<string, string> }

const isLarge = (name: string) => /\.(safetensors|gguf|model)$/.test(name)

/**
 * A small hub with the real routes: model info, tree with pages, and resolve, which for large files redirects to a second host (another
 * port). `misbehave` is called before every response.
 */
export class HubServer implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly repositories = new Map<string, HubRepository>()
  /** The valid token; required for gated and private repositories. */
  token = 'hf_testing'
  pageSize = 1000
  /** Whether it supports ranges. */
  ranges = true
  /** Its faults; none by default. `nth` counts requests of the same route for the same file, from 0. */
  misbehave: (route: Route, file: string | null, nth: number) => Misbehaviour | null = () => null
  readonly #hub: Server
  readonly #store: Server
  readonly #stalled = new Set<ServerResponse>()

  private constructor() {
    this.#hub = createServer((request, response) => this.#answerHub(request, response))
    this.#store = createServer((request, response) => this.#answerStore(request, response))
  }

  static async start(): Promise<HubServer> {
    const server = new HubServer()
    for (const one of [server.#hub, server.#store]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
    return server
  }

  get endpoint(): string {
    return addressOf(this.#hub)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const response of this.#stalled) response.destroy()
    for (const server of [this.#hub, this.#store]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  add(name: string, repository: HubRepository): void {
    this.repositories.set(name, repository)
  }

  /** Bytes of files' bodies sent so far, of one file or of all. */
  sent(file?: string): number {
    return this.seen
      .filter((one) => one.file !== null && (file === undefined || one.file === file))
      .reduce((sum, { sent }) => sum + sent, 0)
  }

  #see(route: Route, file: string | null, request: IncomingMessage): { seen: Seen; wrong: Misbehaviour | null } {
    const nth = this.seen.filter((one) => one.route === route && one.file === file).length
    const header = (name: string) => (request.headers[name] as string | undefined) ?? null
    const seen: Seen = {
      route,
      path: request.url ?? '',
      file,
      authorization: header('authorization'),
      range: header('range'),
      ifRange: header('if-range'),
      status: 0,
      sent: 0,
    }
    this.seen.push(seen)
    return { seen, wrong: this.misbehave(route, file, nth) }
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.endpoint)
    const [, api, name, route, revision] = /^(\/api\/models)?\/([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)/.exec(url.pathname) ?? []
    const file = route === 'resolve' ? decodeURIComponent(url.pathname.split('/').slice(5).join('/')) : null
    const kind: Route = route === 'tree' ? 'tree' : route === 'resolve' ? 'resolve' : 'info'
    const { seen, wrong } = this.#see(kind, file, request)
    const reply =
      wrongReply(wrong) ??
      this.#refusal(request, name, revision) ??
      this.#reply(request, api !== undefined, name ?? '', kind, file, url, wrong)
    if ('bytes' in reply) this.#send(request, response, seen, reply.bytes, gitHash(reply.bytes), wrong, reply.headers)
    else {
      seen.status = reply.status
      response.writeHead(reply.status, reply.headers).end(reply.body)
    }
  }

  #refusal(request: IncomingMessage, name: string | undefined, revision: string | undefined): Reply | null {
    const repository = this.repositories.get(name ?? '')
    if (request.headers.authorization !== undefined && !this.#knows(request))
      return { status: 401, headers: { 'x-error-message': 'Invalid credentials in Authorization header' } }
    // Without a token, a private repository looks like a missing one.
    if (!repository || (repository.private && !this.#knows(request)))
      return {
        status: this.#knows(request) ? 404 : 401,
        headers: { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' },
      }
    const asked = decodeURIComponent(revision ?? '')
    if (asked === repository.commit || repository.revisions.includes(asked)) return null
    return { status: 404, headers: { 'x-error-code': 'RevisionNotFound' } }
  }

  #reply(
    request: IncomingMessage,
    api: boolean,
    name: string,
    kind: Route,
    file: string | null,
    url: URL,
    wrong: Misbehaviour | null,
  ): Reply {
    const repository = this.repositories.get(name)
    if (!repository) return { status: 404, headers: {} }
    const json = { 'content-type': 'application/json' }
    if (api && kind === 'tree') return this.#tree(repository, url)
    if (api)
      return {
        status: 200,
        headers: json,
        body: JSON.stringify({
          _id: '1',
          id: name,
          sha: repository.commit,
          ...(repository.weights !== undefined && { safetensors: { parameters: { BF16: repository.weights }, total: repository.weights } }),
          gated: repository.gated ? 'manual' : false,
          lastModified: '2025-01-15T00:00:00.000Z',
        }),
      }
    const bytes = repository.files.get(file ?? '')
    if (file === null || !bytes) return { status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
    if (repository.gated && !this.#knows(request)) return { status: 401, headers: { 'x-error-code': 'GatedRepo' } }
    const headers = { 'x-repo-commit': repository.commit }
    if (!(repository.large ?? isLarge)(file)) return { bytes, headers }
    const linked = wrong?.kind === 'other-linked-etag' ? 'f'.repeat(64) : sha256(bytes)
    const location = `${addressOf(this.#store)}/${name}/${encodeURIComponent(file)}?signature=1`
    return {
      status: 302,
      headers: {
        ...headers,
        location,
        'x-linked-etag': `"${linked}"`,
        'x-linked-size': String(bytes.byteLength),
        etag: `"${gitHash(bytes)}"`,
      },
    }
  }

  #knows(request: IncomingMessage): boolean {
    return request.headers.authorization === `Bearer ${this.token}`
  }

  #answerStore(request: IncomingMessage, response: ServerResponse): void {
    const [, owner, repository, file] = new URL(request.url ?? '/', this.endpoint).pathname.split('/').map(decodeURIComponent)
    const { seen, wrong } = this.#see('store', file ?? null, request)
    const bytes = this.repositories.get(`${owner}/${repository}`)?.files.get(file ?? '')
    if (!bytes) {
      response.writeHead(404).end()
      return
    }
    if (wrong?.kind === 'status') {
      seen.status = wrong.status
      response.writeHead(wrong.status, wrong.headers).end()
      return
    }
    this.#send(request, response, seen, bytes, sha256(bytes), wrong, {})
  }

  #tree(repository: HubRepository, url: URL): Reply {
    const cursor = Number(url.searchParams.get('cursor') ?? 0)
    const names = [...repository.files.keys()]
    const page = names.slice(cursor, cursor + this.pageSize).map((path) => {
      const bytes = repository.files.get(path) ?? new Uint8Array()
      const large = (repository.large ?? isLarge)(path)
      return {
        type: 'file',
        path,
        size: bytes.byteLength,
        oid: gitHash(bytes),
        ...(large && { lfs: { oid: sha256(bytes), size: bytes.byteLength, pointerSize: 134 } }),
      }
    })
    const next = cursor + this.pageSize
    const further = new URL(url)
    further.searchParams.set('cursor', String(next))
    const link = next < names.length ? { link: `<${further.href}>; rel="next"` } : {}
    return { status: 200, headers: { 'content-type': 'application/json', ...link }, body: JSON.stringify(page) }
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    seen: Seen,
    bytes: Uint8Array,
    hash: string,
    wrong: Misbehaviour | null,
    facts: Record<string, string>,
  ): void {
    const etag = wrong?.kind === 'other-etag' ? wrong.etag : `"${hash}"`
    const headers: Record<string, string> = { ...facts, 'accept-ranges': 'bytes', ...(etag !== null && { etag }) }
    const asked = wrong?.kind === 'no-range' || !this.ranges ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const fresh = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    let body = Buffer.from(bytes)
    seen.status = 200
    if (asked !== undefined && fresh) {
      const start = Number(asked) + (wrong?.kind === 'wrong-range' ? 1 : 0)
      if (start >= bytes.byteLength) {
        seen.status = 416
        response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.byteLength}` }).end()
        return
      }
      seen.status = 206
      headers['content-range'] = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`
      body = body.subarray(start)
    }
    if (wrong?.kind === 'flip') body[wrong.at] = (body[wrong.at] ?? 0) ^ 1
    if (wrong?.kind === 'too-long') body = Buffer.concat([body, Buffer.from('more')])
    // An unknown length cannot be compared: the receiver has to count.
    if (wrong?.kind !== 'too-long') headers['content-length'] = String(body.byteLength)
    response.writeHead(seen.status, headers)
    const end = wrong?.kind === 'cut' || wrong?.kind === 'stall' ? Math.min(wrong.after, body.byteLength) : body.byteLength
    seen.sent = end
    if (end === body.byteLength && wrong?.kind !== 'stall') {
      response.end(body)
      return
    }
    if (wrong?.kind === 'stall') {
      this.#stalled.add(response)
      response.flushHeaders()
      if (end > 0) response.write(body.subarray(0, end))
      return
    }
    // Closes in order: a reset would lose a random number of bytes in flight.
    response.flushHeaders()
    response.write(body.subarray(0, end), () => response.socket?.end())
  }
}

function wrongReply(wrong: Misbehaviour | null): Reply | null {
  if (wrong?.kind === 'status') return { status: wrong.status, headers: { ...wrong.headers } }
  if (wrong?.kind === 'body') return { status: 200, headers: { 'content-type': 'text/html' }, body: wrong.body }
  return null
}

/** The hash that the hub sends for a large file. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The git hash of a small file. */
export function gitHash(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
