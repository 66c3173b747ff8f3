import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOutput, checkOutput, eventsOutput, modelsOutput, searchOutput } from '../../../src/serve/mcp/schemas.ts'
import { openService } from '../../../src/service/service.ts'
import { removeDataFolder } from '../../helpers/remove-data-folder.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'
import { CLI } from '../cli/run-cli.ts'
import { example, never } from '../service/run-service.ts'
import { RunServer } from './run-server.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
const LONG = { timeout: 300_000 }
let root: string
let films: string
let home: string
let run: RunServer
/** Number of searches that were begun to be cancelled. */
let searches = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tarsier-agents-'))
  home = join(root, 'home')
  films = join(root, 'films')
  await mkdir(join(films, 'old'), { recursive: true })
  await mkdir(join(root, 'private'))
  await copyFile(example(CLIP), join(films, CLIP))
  await copyFile(example(CLIP), join(root, 'private', 'secret.mp4'))
  await writeShotClip(join(films, 'old', 'film.mp4'), [60, 75, 60], 5)
  await writeFile(join(films, 'notes.txt'), 'not a clip')
  await symlink(join(root, 'private', 'secret.mp4'), join(films, 'link.mp4'))
  run = await RunServer.make({ mediaRoot: films })
})
afterAll(async () => {
  await run[Symbol.asyncDispose]()
  removeDataFolder(home)
  await rm(root, { recursive: true, force: true })
})

/** The revisions of the protocol that the official client speaks: the one with a handshake and sessions, and the one without. */
const MODES = ['legacy', 'auto'] as const
type Mode = (typeof MODES)[number]

class Agent implements AsyncDisposable {
  readonly client: Client
  readonly stderr: () => string
  /** Errors outside of calls, such as lines that are not of the protocol. */
  readonly errors: Error[] = []

  private constructor(client: Client, stderr: () => string) {
    this.client = client
    this.stderr = stderr
    client.onerror = (error) => this.errors.push(error)
  }

  /** Starts the built command line as an agent's program does. */
  static async stdio(mode: Mode, args: readonly string[] = ['--allow', films]): Promise<Agent> {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [CLI, 'mcp', '--home', home, ...args],
      env: { ...(process.env as Record<string, string>), NODE_NO_WARNINGS: '1' },
      stderr: 'pipe',
    })
    let stderr = ''
    transport.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    await client.connect(transport)
    return new Agent(client, () => stderr)
  }

  static async http(mode: Mode, headers: Record<string, string> = run.authorised): Promise<Agent> {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${run.base}/mcp`), { requestInit: { headers } }))
    return new Agent(client, () => '')
  }

  /** Calls a tool; the messages of its progress are added to `messages`. */
  async call(name: string, args: Record<string, unknown>, messages: string[] = [], signal?: AbortSignal) {
    return await this.client.callTool(
      { name, arguments: args },
      { ...LONG, onprogress: ({ message }) => messages.push(message ?? ''), ...(signal && { signal }) },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
  }
}

type Result = Awaited<ReturnType<Agent['call']>>

function textOf({ content }: Result): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function failureOf(result: Result): { code?: string; message?: string } {
  expect(result.isError).toBe(true)
  return result._meta?.error as object
}

describe.each(MODES)('over stdio (%s)', (mode) => {
  let agent: Agent
  beforeAll(async () => {
    agent = await Agent.stdio(mode)
  })
  afterAll(() => agent[Symbol.asyncDispose]())

  test('lists the tools with schemas of standard keywords', async () => {
    const { tools } = await agent.client.listTools()
    const names = ['describe_video', 'ask_about_video', 'find_events', 'check_caption', 'search_library', 'list_models']
    expect(tools.map(({ name }) => name)).toEqual(names)
    expect(JSON.stringify(tools)).not.toMatch(/"(whenAbsent|unit|allowed)":/)
    const { properties, required } = tools[0]?.inputSchema ?? {}
    expect(required).toEqual(['path'])
    expect(properties?.frames).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 256,
      description: 'Number of frames that are passed to the model. Default: model-specific, 16 for Tarsier2.',
    })
    expect(agent.client.getInstructions()).toContain(films)
  })

  test('describes a clip with times and the frames that the model saw, and reports progress', async () => {
    const messages: string[] = []
    const result = await agent.call('describe_video', { path: join(films, CLIP), frames: 8, withTimes: true, images: 3 }, messages)
    const found = answerOutput.parse(result.structuredContent)
    expect(found).toMatchObject({ file: join(films, CLIP), model: 'demo', finish: 'end' })
    expect(found.text).toMatch(/red circle/i)
    expect(found.frames).toHaveLength(8)
    expect(found.events?.[0]).toMatchObject({ text: 'A red circle moves right', start: 0 })
    expect(found.sentences?.map(({ text }) => text).join(' ')).toBe(found.text.trim())
    expect(found.notices[0]).toContain('moving shapes')
    expect(JSON.parse(result.content[0]?.type === 'text' ? result.content[0].text : '')).toEqual(result.structuredContent)
    const pictures = result.content.flatMap((part) => (part.type === 'image' ? [Buffer.from(part.data, 'base64')] : []))
    expect(pictures).toHaveLength(3)
    for (const picture of pictures) expect(picture.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]))
    expect(messages).toContain('picture 8 of 8')
    expect(messages).toContain('finding times, frame 8 of 8')
  })

  test('describes a clip in a shape, or says why it cannot', async () => {
    const result = await agent.call('describe_video', { path: join(films, CLIP), frames: 8, shape: { maxSentences: 1, prefix: 'sks' } })
    const found = answerOutput.parse(result.structuredContent)
    expect(found.shaped?.text).toBe(`sks ${found.text.slice(0, found.text.indexOf('.') + 1)}`)
    const refused = await agent.call('describe_video', { path: join(films, CLIP), frames: 8, shape: 'fields' })
    expect(failureOf(refused)).toMatchObject({ code: 'rewriter-missing' })
  })

  test('asks a question that refers to an earlier one, by the address of a listed clip', async () => {
    const { resources } = await agent.client.listResources()
    expect(resources.map(({ name }) => name)).toEqual([CLIP, 'film.mp4'])
    const [clip] = resources
    const earlier = [{ question: 'What shape is it?', answer: 'A circle.' }]
    const result = await agent.call('ask_about_video', { path: clip?.uri, question: 'What color is the circle?', earlier, frames: 8 })
    expect(answerOutput.parse(result.structuredContent).text).toMatch(/red/i)
    const { contents } = await agent.client.readResource({ uri: clip?.uri ?? '' })
    expect(JSON.parse(String((contents[0] as { text?: string }).text))).toMatchObject({ path: join(films, CLIP), kind: 'video' })
    expect(contents[1]).toMatchObject({ mimeType: 'image/jpeg' })
  })

  test('a cancelled search stops, and continues with the first unfinished segment', async () => {
    const stop = new AbortController()
    const messages: string[] = []
    searches += 1
    // Enough frames that the search is not over before it is cancelled, and settings of its own, since finished segments are kept by settings.
    const film = { path: 'old/film.mp4', frames: 48, precision: 60 - searches, maxTokens: 40 }
    const cancelled = agent.client.callTool(
      { name: 'find_events', arguments: film },
      {
        ...LONG,
        signal: stop.signal,
        onprogress: ({ message = '' }) => {
          messages.push(message)
          if (message.startsWith('1 of 3 segments')) stop.abort()
        },
      },
    )
    await expect(cancelled).rejects.toThrow()
    const framesBefore = (list: readonly string[], end: string) => list.slice(0, list.indexOf(end)).filter((text) => text.includes('frame'))
    expect(framesBefore(messages, '1 of 3 segments done')).not.toEqual([])
    const again: string[] = []
    const result = await agent.call('find_events', film, again)
    const found = eventsOutput.parse(result.structuredContent)
    expect(found.segments).toHaveLength(3)
    expect(found.events.every(({ start, end }) => start === null || (start >= 0 && (end ?? start) >= start))).toBe(true)
    // The first segment was not described again.
    expect(framesBefore(again, '1 of 3 segments done')).toEqual([])
    expect(again).toContain('3 of 3 segments done')
  })

  test('checks a caption', async () => {
    const check = async (text: string) => checkOutput.parse((await agent.call('check_caption', { path: CLIP, text })).structuredContent)
    const [right, wrong] = [await check('A red circle moves right.'), await check('A blue circle moves right.')]
    expect(right.file).toBe(CLIP)
    expect(right.support).toBeGreaterThan(wrong.support)
  })

  test('lists models', async () => {
    const { models, selected } = modelsOutput.parse((await agent.call('list_models', {})).structuredContent)
    expect(models[0]).toMatchObject({ name: 'demo', recognizesOnly: 'moving shapes', problem: null })
    expect(selected).toBe('demo')
  })

  test.each([
    ['a file elsewhere', () => ({ path: join(root, 'private', 'secret.mp4') }), 'not-allowed'],
    ['a missing file elsewhere', () => ({ path: join(root, 'private', 'none.mp4') }), 'not-allowed'],
    ['a path that climbs out', () => ({ path: '../private/secret.mp4' }), 'not-allowed'],
    ['an address that climbs out', () => ({ path: 'clip:///%2e%2e/%2e%2e/etc/passwd' }), 'not-allowed'],
    ['a symbolic link to a file elsewhere', () => ({ path: 'link.mp4' }), 'not-allowed'],
    ['a missing file', () => ({ path: 'none.mp4' }), 'file-missing'],
    ['no clip', () => ({ path: 'notes.txt' }), 'not-media'],
    ['a model by its path', () => ({ path: CLIP, model: '../models/x' }), 'model-missing'],
    ['an unknown model', () => ({ path: CLIP, model: 'none' }), 'model-missing'],
  ])('refuses %s', async (_, args, code) => {
    const result = await agent.call('describe_video', args())
    expect(failureOf(result).code).toBe(code)
    expect(textOf(result)).toContain(`[${code}]`)
  })

  test('refuses arguments that it does not know', async () => {
    const result = await agent.call('describe_video', { path: CLIP, speed: 2 })
    expect(result.isError).toBe(true)
    expect(textOf(result)).toMatch(/speed/)
  })

  test('nothing but the protocol was written to stdout, and nothing to stderr', () => {
    expect(agent.errors.filter(({ message }) => !message.includes('unknown token'))).toEqual([])
    expect(agent.stderr()).toBe('')
  })
})

test('over stdio, the library is searched while the app has it open, in the allowed folders only', async () => {
  await using agent = await Agent.stdio('legacy')
  const search = async (text: string) => searchOutput.parse((await agent.call('search_library', { text })).structuredContent)
  expect(await search('circle')).toEqual({ total: 0, items: [] })
  await using service = openService({ home })
  for (const path of [join(films, CLIP), join(root, 'private', 'secret.mp4')]) {
    const { key } = await service.clips.open(path, {}, never)
    const { id } = service.library.chats.create(key)
    service.library.chats.begin(id, 0, { question: 'What moves?', settings: {}, model: 'demo' })
    service.library.chats.end(id, 0, { state: 'stopped', text: 'A red circle moves.' })
  }
  service.library.settings.set({ model: 'other' })
  const found = await search('circle')
  expect(found.total).toBe(1)
  expect(found.items[0]).toMatchObject({
    path: join(films, CLIP),
    model: 'demo',
    excerpts: [{}, { of: 'answer', text: 'A red circle moves.' }],
  })
  expect(modelsOutput.parse((await agent.call('list_models', {})).structuredContent).selected).toBe('other')
})

async function expectIdle(): Promise<void> {
  await expect.poll(() => [run.service.runs.running, run.service.runs.waiting], { timeout: 60_000 }).toEqual([null, 0])
}

/** The searches for events that did not come to their end. */
function unfinished(): Promise<string[]> {
  return readdir(join(run.home, 'cache', 'events'))
}

describe.each(MODES)('over HTTP (%s)', (mode) => {
  test('describes a clip of the media root with progress; paths of the machine are not told', async () => {
    await using agent = await Agent.http(mode)
    const messages: string[] = []
    const result = await agent.call('describe_video', { path: CLIP, frames: 8, images: 1 }, messages)
    expect(answerOutput.parse(result.structuredContent)).toMatchObject({ file: CLIP, finish: 'end' })
    expect(result.content.map(({ type }) => type)).toEqual(['text', 'text', 'image'])
    expect(messages).toContain('picture 8 of 8')
    const { resources } = await agent.client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual([`clip:///${CLIP}`, 'clip:///old/film.mp4'])
    for (const path of ['link.mp4', '../private/secret.mp4', join(root, 'private', 'secret.mp4')]) {
      const refused = await agent.call('describe_video', { path })
      expect(failureOf(refused).code).toBe('not-allowed')
      expect(textOf(refused)).not.toContain(root)
    }
    const text = textOf(await agent.call('describe_video', { path: 'notes.txt' }))
    expect(text).toContain('notes.txt')
    expect(text).not.toContain(root)
  })

  test('a cancelled call leaves the engine', async () => {
    await using agent = await Agent.http(mode)
    const stop = new AbortController()
    const calling = agent.client.callTool(
      { name: 'find_events', arguments: { path: 'old/film.mp4' } },
      { ...LONG, signal: stop.signal, onprogress: ({ message = '' }) => message.startsWith('1 of 3 segments') && stop.abort() },
    )
    await expect(calling).rejects.toThrow()
    await expectIdle()
    expect(await unfinished()).toHaveLength(1)
  })
})

test('over HTTP, the run of a program that disappears is stopped', async () => {
  const stop = new AbortController()
  const init = { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' } }
  const begin = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
  const opened = await run.fetch('/mcp', { ...init, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: begin }) })
  const session = { ...init.headers, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const params = { name: 'find_events', arguments: { path: 'old/film.mp4' }, _meta: { progressToken: 1 } }
  const called = await run.fetch('/mcp', {
    ...init,
    headers: session,
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params }),
    signal: stop.signal,
  })
  for await (const bytes of called.body ?? []) if (Buffer.from(bytes).includes('1 of 3 segments')) break
  stop.abort()
  await expectIdle()
  expect(await unfinished()).toHaveLength(1)
  expect((await run.fetch('/mcp', { method: 'DELETE', headers: session })).status).toBe(200)
  expect((await run.fetch('/mcp', { method: 'GET', headers: session })).status).toBe(404)
})

describe('access over HTTP', () => {
  test('the token is required', async () => {
    for (const authorization of ['', 'Bearer wrong', `Bearer ${run.server.token}x`])
      for (const mode of MODES) await expect(Agent.http(mode, { authorization })).rejects.toThrow(/401|token/i)
  })

  test('a foreign origin, a foreign host and other forms than JSON are rejected', async () => {
    const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const own = `127.0.0.1:${run.server.port}`
    for (const method of ['POST', 'GET', 'DELETE']) {
      expect((await run.raw('/mcp', { ...run.authorised, ...json, host: own, origin: 'http://evil.example' }, { method })).status).toBe(403)
      expect((await run.raw('/mcp', { ...run.authorised, ...json, host: 'evil.example' }, { method })).status).toBe(421)
    }
    await expect(Agent.http('auto', { ...run.authorised, origin: 'http://evil.example' })).rejects.toThrow(/403|origin|other servers/i)
    const form = await run.fetch('/mcp', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })
    expect(form.status).toBe(415)
  })

  test('without a media root no file can be opened', async () => {
    await using bare = await RunServer.make()
    const client = new Client({ name: 'test', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${bare.base}/mcp`), { requestInit: { headers: bare.authorised } }))
    const result = await client.callTool({ name: 'describe_video', arguments: { path: join(films, CLIP) } })
    expect(failureOf(result).code).toBe('not-allowed')
    expect(textOf(result)).toContain('--media-root')
    expect((await client.listResources()).resources).toEqual([])
    await client.close()
  })
})
