import { stat } from 'node:fs/promises'
import { returnLargeBuffers, trimHeap } from '../platform/native-heap.ts'
import { unlessAborted } from '../platform/unless-aborted.ts'
import type { EngineEvent } from '../shared/engine-events.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import type { Estimate } from '../shared/estimate.ts'
import { sizePrefix } from './conversation/cached-names.ts'
import { countText } from './conversation/chat-messages.ts'
import { Conversation } from './conversation/conversation.ts'
import { clipCacheFolder, DiskCache } from './conversation/disk-cache.ts'
import { estimateQuestion } from './conversation/estimate-question.ts'
import type { DeviceSupervision } from './devices/device-guard.ts'
import type {
  EngineClient,
  EngineOptions,
  EstimateRequest,
  ModelInfo,
  NextQuestion,
  PastMessage,
  RunStart,
  TimeEvent,
  TimeRequest,
  Trace,
  TraceRequest,
  TurnMessages,
  TurnRequest,
  UpcomingClips,
  WriteRequest,
  WrittenText,
} from './engine-client.ts'
import { decodingOf, speedsOf } from './estimate/measure.ts'
import { loadedMemory } from './estimate/memory-state.ts'
import { SpeedStore } from './estimate/speeds.ts'
import { type LoadedModel, loadModel } from './loaded-model.ts'
import { TextWriter } from './rewriting/text-writer.ts'
import { Serial } from './serial.ts'
import { traceClip } from './trace.ts'

/** The engine in this process. Runs are serialized; the model is loaded once, when it is first needed. */
export class Engine implements EngineClient {
  readonly #options: EngineOptions
  readonly #conversations = new Map<string, Conversation>()
  readonly #past = new Map<string, readonly PastMessage[]>()
  readonly #serial = new Serial()
  readonly #writer = new TextWriter()
  readonly #speeds: SpeedStore
  readonly #supervision: DeviceSupervision | undefined
  #model: Promise<LoadedModel> | null = null
  /** The loaded model. */
  #ready: LoadedModel | null = null
  #disposed = false

  constructor(options: EngineOptions, supervision?: DeviceSupervision) {
    returnLargeBuffers()
    this.#options = options
    this.#speeds = new SpeedStore(options.home)
    this.#supervision = supervision
  }

  async load(signal: AbortSignal, upcoming: UpcomingClips = []): Promise<ModelInfo> {
    const { info, resources } = await this.#loaded(signal, upcoming)
    if (upcoming === 'any') await unlessAborted(resources.tower(), signal)
    return info
  }

  async *answer(conversation: string, turn: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const leave = await this.#serial.enter(signal)
    try {
      const loads = this.#model === null
      // It may be on its way already, for a caller of `load`.
      if (this.#ready === null) yield { kind: 'stage', stage: 'loading' }
      const began = performance.now()
      const model = await this.#loaded(signal, clipPaths(turn))
      const loading = loads ? performance.now() - began : null
      const { manifest, language } = model.resources
      expectPlaceFor(turn, model)
      // Check the grammar before any work is done.
      if (turn.sampling.grammar !== undefined) language.checkGrammar(turn.sampling.grammar)
      for await (const event of this.#conversation(conversation, model).run(turn, signal)) {
        // Timings of a continued answer do not cover all of its tokens.
        if (event.kind === 'done' && turn.kind !== 'continue') {
          const seen = speedsOf(event.answer, model.resources.costs.form.patching.patchSize, loading)
          await this.#speeds.record(manifest, this.#options.device, seen, decodingOf(event.answer))
        }
        yield event
      }
    } finally {
      leave()
    }
  }

  async *timeText(conversation: string, request: TimeRequest, signal: AbortSignal): AsyncGenerator<TimeEvent, void> {
    const leave = await this.#serial.enter(signal)
    try {
      if (this.#ready === null) yield { kind: 'stage', stage: 'loading' }
      const model = await this.#loaded(signal)
      expectPlaceFor(request.turn, model)
      yield* this.#conversation(conversation, model).timeText(request, signal)
    } finally {
      leave()
    }
  }

  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenText> {
    const leave = await this.#serial.enter(signal)
    try {
      return await this.#writer.write(request, await this.#loaded(signal), signal)
    } finally {
      leave()
    }
  }

  /** Restores the messages of a conversation from another process. Must be called before its first turn. */
  recall(conversation: string, past: readonly PastMessage[]): void {
    this.#past.set(conversation, past)
  }

  /** The messages of a conversation, including a partial last answer. */
  history(conversation: string): readonly PastMessage[] {
    return this.#conversations.get(conversation)?.history ?? []
  }

  async estimate(request: EstimateRequest, signal: AbortSignal): Promise<Estimate> {
    const leave = await this.#serial.enter(signal)
    try {
      const { device, limits = {} } = this.#options
      const model = await this.#loaded(signal)
      expectPlaceFor(request, model)
      return await estimateQuestion(request, { model, speeds: this.#speeds, device, limits }, signal)
    } finally {
      leave()
    }
  }

  async runStart({ conversation: id, messages }: NextQuestion): Promise<RunStart | null> {
    if (this.#ready === null) return null
    const { resources } = this.#ready
    const { language, costs, towerInFile } = resources
    const conversation = this.#conversations.get(id)
    const memory = conversation
      ? await conversation.memory()
      : await loadedMemory({ language, costs, devices: resources.devices(), towerInFile }, 0, this.#options.limits)
    return {
      text: await countText(language, messages),
      question: await countText(language, messages.slice(-1)),
      memory,
      resident: conversation !== undefined,
      device: language.device,
    }
  }

  /** Waits until the rows and the KV of the latest answers are in the disk cache. */
  async stored(): Promise<void> {
    for (const conversation of this.#conversations.values()) await conversation.stored()
  }

  async close(conversation: string): Promise<void> {
    const leave = await this.#serial.enter()
    try {
      const closing = this.#conversations.get(conversation)
      this.#conversations.delete(conversation)
      this.#past.delete(conversation)
      await closing?.dispose()
      if (closing) trimHeap()
    } finally {
      leave()
    }
  }

  async trace(request: TraceRequest, signal: AbortSignal): Promise<Trace> {
    const leave = await this.#serial.enter(signal)
    try {
      return await traceClip(await this.#loaded(signal), request, signal)
    } finally {
      leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const leave = await this.#serial.enter()
    try {
      for (const conversation of this.#conversations.values()) await conversation.dispose()
      this.#conversations.clear()
      await this.#writer[Symbol.asyncDispose]()
      const model = await this.#model?.catch(() => null) // the caller of a failed load has received its error
      await model?.[Symbol.asyncDispose]()
      this.#model = null
      this.#ready = null
      trimHeap()
    } finally {
      leave()
    }
  }

  /** Loads the model. Concurrent callers share one load; a failed load is forgotten, so that it can be retried. */
  async #loaded(signal: AbortSignal, upcoming: UpcomingClips = []): Promise<LoadedModel> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#disposed) throw new TarsierError('internal', 'The engine was used after it was closed. Please report it.')
      this.#model ??= loadModel(this.#options, signal, () => this.#needsTower(upcoming), this.#supervision).catch((error: unknown) => {
        this.#model = null
        throw error
      })
      try {
        this.#ready = await this.#model
        return this.#ready
      } catch (error) {
        // Another caller may have aborted the shared load; this one still needs the model.
        if (!isAbort(error) || signal.aborted) throw error
      }
    }
  }

  /** Whether the tower will be needed: without files of the same size in the cache, it has nothing of a clip. */
  async #needsTower(upcoming: UpcomingClips): Promise<boolean> {
    if (upcoming === 'any') return true
    if (this.#options.cache === false) return upcoming.length > 0
    const cache = new DiskCache(clipCacheFolder(this.#options.home))
    for (const path of upcoming) {
      const stats = await stat(path).catch(() => null) // reported when it is opened
      if (stats?.isFile() && !(await cache.hasPrefix(sizePrefix(stats.size)))) return true
    }
    return false
  }

  #conversation(id: string, model: LoadedModel): Conversation {
    const known = this.#conversations.get(id)
    if (known) return known
    const cache = this.#options.cache === false ? null : new DiskCache(clipCacheFolder(this.#options.home))
    const past = this.#past.get(id)
    this.#past.delete(id)
    const conversation = new Conversation({ ...model.resources, cache, limits: this.#options.limits }, past)
    this.#conversations.set(id, conversation)
    return conversation
  }
}

/** Files of the clips of a turn. */
function clipPaths(turn: TurnRequest): string[] {
  if (turn.kind === 'ask') return turn.clip ? [turn.clip.path] : []
  if (turn.kind !== 'chat') return []
  return turn.messages.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? [part.clip.path] : [])))
}

/** Throws `usage` for a system prompt if the model's chat template has no place for one. */
function expectPlaceFor(request: TurnMessages | EstimateRequest, { info, resources }: LoadedModel): void {
  const system = 'system' in request ? request.system : undefined
  if (system === undefined || system === '' || resources.language.takesSystem) return
  throw new TarsierError(
    'usage',
    `The chat template of ${info.name} has no place for a system prompt. Remove the system prompt, or write its text at the start of the question.`,
    { details: { param: 'system', model: info.name } },
  )
}
