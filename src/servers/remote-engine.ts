import {
  type EngineClient,
  type Message,
  type ModelInfo,
  systemMessages,
  type TimeEvent,
  type TurnRequest,
  userMessage,
} from '../engine/engine-client.ts'
import { tooManyFrames } from '../engine/estimate/decide-run.ts'
import { towerForm } from '../engine/families/families.ts'
import type { RetryPolicy } from '../engine/models/hub/transient.ts'
import { readManifest, weightsOf } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import type { EncodedFrame } from '../engine/pictures.ts'
import type { Answer, ClipSeen, EngineEvent } from '../shared/engine-events.ts'
import { TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import type { FinishReason, Sampling } from '../shared/sampling.ts'
import { counted } from '../shared/size-text.ts'
import { ANSWER_TIMEOUT_MS, type ChatServer, type Completion, chatServers } from './chat-server.ts'
import { type ClipForm, clipForms, type ServerPictures } from './clip-form.ts'
import { ClipPreparer, type PreparedMessages } from './clip-preparer.ts'
import { DEFAULT_PER_SERVER } from './per-server.ts'
import { agreedForm, probeClips, serverMessages, tokenDifference } from './server-check.ts'
import { ServerConnection } from './server-connection.ts'
import { ServerPool } from './server-pool.ts'

export interface RemoteEngineOptions {
  /** Name or folder of the imported model that the servers have: it decides which frames they get, and at which size. */
  readonly model: string
  /** Data folder with models. */
  readonly home: string
  /** Base URLs, such as `http://gpu:8000/v1`. Empty for `OPENAI_BASE_URL`. */
  readonly baseUrls: readonly string[]
  /** Name of the model on the servers. Defaults to that of the imported model. */
  readonly serverModel?: string | undefined
  /** Requests that one server works on at the same time. Defaults to 8. */
  readonly perServer?: number | undefined
  /** How frames are sent. Defaults to `png`: the server sees exactly the engine's pixels. */
  readonly format?: ServerPictures | undefined
  /** Prepares clips for several engines of one model; the caller disposes of it. Defaults to one of its own. */
  readonly preparer?: ClipPreparer | undefined
  /** Called with a sentence about a server that cannot be used yet. */
  readonly onNotice?: (text: string) => void
}

/** A dead server may be loading its model, which takes minutes. */
const patientRetries: RetryPolicy = { attempts: 12, backoff: 500, stall: ANSWER_TIMEOUT_MS, longestWait: 10 * 60 * 1000 }

interface Opened {
  readonly manifest: ModelManifest
  readonly info: ModelInfo
  readonly preparer: ClipPreparer
  readonly pool: ServerPool<ChatServer>
  readonly forms: ReadonlyMap<ChatServer, ClipForm>
}

/**
 * An imported model whose answers come from OpenAI-compatible servers. Clips are decoded and resized on this machine, exactly as the engine does, and
 * sent as pictures. A server is used only if it counts as many prompt tokens as the engine, and the count of every answer is compared as well.
 * Answers single questions, any number of them at the same time; there are no conversations.
 */
export class RemoteEngine implements Pick<EngineClient, 'load' | 'answer' | 'timeText' | 'close'>, AsyncDisposable {
  readonly #options: RemoteEngineOptions
  readonly #retryPolicy: RetryPolicy
  readonly #connection: ServerConnection
  readonly #servers: readonly ChatServer[]
  #opening: Promise<Opened> | null = null

  /** Throws `usage` for an invalid address, or if there is none. */
  constructor(options: RemoteEngineOptions, retryPolicy: RetryPolicy = patientRetries) {
    const { baseUrls, model, serverModel = model } = options
    if (baseUrls.length === 0 && (process.env.OPENAI_BASE_URL ?? '') === '')
      throw new TarsierError('usage', 'No server is given. Give its address with --base-url, such as --base-url http://localhost:8000/v1.')
    this.#options = options
    this.#retryPolicy = retryPolicy
    this.#connection = new ServerConnection(process.env, ANSWER_TIMEOUT_MS)
    this.#servers = chatServers(serverModel, baseUrls, this.#connection)
  }

  /** Number of questions that should be asked at the same time, so that all servers have work while further clips are decoded. */
  async concurrency(signal: AbortSignal): Promise<number> {
    const { pool, preparer } = await this.#opened(signal)
    return pool.capacity + preparer.processes
  }

  /**
   * Reads the model's manifest and examines the servers. Throws `model-mismatch` for a server that does not see the engine's frames,
   * `model-unavailable` if none can be reached, and as reading the model does.
   */
  async load(signal: AbortSignal): Promise<ModelInfo> {
    return (await this.#opened(signal)).info
  }

  /** Events of one answer; the last one is `done`. Throws `usage` for a turn that continues a conversation. */
  async *answer(_conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    const { messages, answerPrefix } = singleQuestion(turn)
    yield { kind: 'stage', stage: 'loading' }
    const opened = await this.#opened(signal)
    yield { kind: 'stage', stage: 'looking' }
    const { format = 'png' } = this.#options
    const frames: EngineEvent[] = []
    const onFrame = ({ index, time, done, of }: EncodedFrame) => frames.push({ kind: 'frame', frame: { index, time }, done, of })
    const prepared = await opened.preparer.prepare(messages, { answerPrefix, format }, onFrame, signal)
    yield* frames
    for (const text of prepared.notices) yield { kind: 'notice', text }
    yield { kind: 'stage', stage: 'writing' }
    const asked = performance.now()
    const { completion, url } = await this.#ask(opened, prepared, { answerPrefix, sampling: turn.sampling }, signal)
    const difference = tokenDifference(url, opened.info.name, prepared, completion.promptTokens)
    if (difference !== null) throw difference
    const text = withoutPrefix(completion.text, answerPrefix)
    const answer = answerOf({ ...completion, text }, prepared, { url, started, asked })
    if (text !== '') yield { kind: 'delta', text }
    yield { kind: 'done', answer }
  }

  // biome-ignore lint/correctness/useYield: it only throws
  async *timeText(): AsyncGenerator<TimeEvent, void> {
    throw new TarsierError('usage', 'Servers do not tell how likely a given text is. Use --engine local.')
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opening?.catch(() => null) // the caller has received the error
    if (!this.#options.preparer) await opened?.preparer[Symbol.asyncDispose]()
    await this.#connection[Symbol.asyncDispose]()
  }

  async #ask(
    { manifest, pool, forms }: Opened,
    prepared: PreparedMessages,
    { answerPrefix, sampling }: { readonly answerPrefix: string; readonly sampling: Sampling },
    signal: AbortSignal,
  ): Promise<{ readonly completion: Completion; readonly url: string }> {
    const { visual, text } = prepared.tokens
    const { maxFrames = Number.POSITIVE_INFINITY } = manifest.sampler
    const frames = Math.max(
      0,
      ...prepared.messages.flatMap(({ content }) => content.map((part) => (part.kind === 'clip' ? part.frames.length : 0))),
    )
    if (frames > maxFrames) throw tooManyFrames(maxFrames, frames, `Use ${counted(maxFrames, 'frame')}.`, { frames: maxFrames })
    const left = manifest.maxSequence - visual - text
    if (left < 1)
      throw new TarsierError(
        'context-full',
        `The question needs ${visual} visual and ${text} text tokens, but the model's limit is ${manifest.maxSequence} tokens. Use fewer frames or fewer pixels per frame.`,
        { details: { visual, text, limit: manifest.maxSequence } },
      )
    const request = async (server: ChatServer) => {
      const form = forms.get(server)
      if (!form) throw new TarsierError('internal', 'A server was used before it was examined. Please report it.')
      const messages = [...serverMessages(prepared, form), ...(answerPrefix === '' ? [] : [{ role: 'assistant', content: answerPrefix }])]
      const question = {
        messages,
        sampling: { ...sampling, maxTokens: Math.min(sampling.maxTokens, left) },
        continuesAnswer: answerPrefix !== '',
        further: form.further,
      }
      return { completion: await server.complete(question, signal), url: server.url }
    }
    return await pool.run(request, signal)
  }

  /** Opens once; a failed opening is forgotten, so that it can be tried again. */
  async #opened(signal: AbortSignal): Promise<Opened> {
    this.#opening ??= this.#open(signal).catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    return await this.#opening
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    const { model, home, perServer = DEFAULT_PER_SERVER, onNotice = () => {} } = this.#options
    const directory = await resolveModel(model, home)
    const manifest = await readManifest(directory)
    expectFramesAlone(manifest)
    const preparer = this.#options.preparer ?? new ClipPreparer(directory, manifest)
    try {
      const probes = await probeClips(preparer, signal)
      const forms = new Map<ChatServer, ClipForm>()
      const known = clipForms(towerForm(manifest))
      const check = async (server: ChatServer, stop: AbortSignal) => {
        forms.set(server, await agreedForm(server, manifest.name, known, probes, stop))
      }
      const pool = new ServerPool(this.#servers, { perServer, retryPolicy: this.#retryPolicy, check })
      for (const failure of await pool.checkAll(signal)) onNotice(`A server is left out until it answers: ${failure.message}`)
      return { manifest, info: infoOf(manifest, this.#servers), preparer, pool, forms }
    } catch (error) {
      if (!this.#options.preparer) await preparer[Symbol.asyncDispose]()
      throw error
    }
  }
}

/** Throws `model-unsupported` for models whose prompts tell the times of frames, because requests to servers have frames without times. */
function expectFramesAlone(manifest: ModelManifest): void {
  if (towerForm(manifest).timestamps === null) return
  throw new TarsierError(
    'model-unsupported',
    `Servers cannot be asked about clips for ${manifest.name}: its prompts contain the times of frames, which a request cannot tell. Use the model on this machine.`,
  )
}

function infoOf(manifest: ModelManifest, servers: readonly ChatServer[]): ModelInfo {
  return {
    name: manifest.name,
    weights: weightsOf(manifest),
    summary: manifest.summary,
    languageDevice: servers.map(({ url }) => url).join(', '),
    context: manifest.maxSequence,
    textTasks: manifest.textTasks ?? true,
    defaults: { frames: { kind: manifest.sampler.kind, count: manifest.sampler.frames }, generation: manifest.generation },
  }
}

/** The messages of a turn that needs no earlier ones. */
function singleQuestion(turn: TurnRequest): { readonly messages: readonly Message[]; readonly answerPrefix: string } {
  if (turn.sampling.grammar !== undefined || turn.sampling.logprobs !== undefined)
    throw new TarsierError('usage', 'With a server as the engine, answers have no grammar and no log probabilities.')
  switch (turn.kind) {
    case 'ask': {
      if (turn.clip?.fit === true || turn.clip?.minPixels !== undefined)
        throw new TarsierError(
          'usage',
          'With a server as the engine, frames have the size that the model chooses. Give --frames or --max-pixels.',
        )
      return { messages: [...systemMessages(turn.system), userMessage(turn.text, turn.clip)], answerPrefix: turn.answerPrefix ?? '' }
    }
    case 'chat':
      return { messages: [...systemMessages(turn.system), ...turn.messages], answerPrefix: turn.answerPrefix ?? '' }
    case 'regenerate':
    case 'edit':
    case 'continue':
      throw new TarsierError('usage', 'A server as the engine answers single questions. Ask the whole question again.')
  }
}

/** Some servers repeat the given beginning in the answer. */
function withoutPrefix(text: string, prefix: string): string {
  return prefix !== '' && text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function answerOf(
  { text, finish, stopped, answerTokens }: Completion,
  { messages, tokens, notices, decode }: PreparedMessages,
  { url, started, asked }: { readonly url: string; readonly started: number; readonly asked: number },
): Answer {
  const shown = messages.findLast(({ content }) => content.some((part) => part.kind === 'clip'))?.content ?? []
  const clips = shown.flatMap((part): ClipSeen[] => {
    if (part.kind === 'text') return []
    const { width = 0, height = 0 } = part.frames[0] ?? {}
    return [{ frames: part.frames.map(({ index, time }) => ({ index, time })), width, height }]
  })
  const { width = 0, height = 0 } = clips.at(-1) ?? {}
  const now = performance.now()
  return {
    text,
    finish: finishOf(finish, stopped, url),
    frames: clips.flatMap(({ frames }) => frames),
    width,
    height,
    ...(clips.length > 1 && { clips }),
    tokens: { visual: tokens.visual, prompt: tokens.text, generated: answerTokens ?? 0, evaluated: tokens.visual + tokens.text },
    // The server's own stages are unknown.
    timings: { probe: 0, decode, encode: 0, prefill: 0, firstToken: now - started, generate: now - asked, total: now - started },
    device: { vision: url, language: url, fallbacks: [] },
    notices,
    cached: 'nothing',
  }
}

/** Throws `model-failed` for an answer that the server did not finish. */
function finishOf(finish: string | null, stopped: boolean, url: string): FinishReason {
  if (finish === 'stop') return stopped ? 'stop' : 'end'
  if (finish === 'length') return 'length'
  throw new TarsierError(
    'model-failed',
    `${url} did not finish its answer (finish reason: ${finish ?? 'none'}). Run the same command again.`,
  )
}
