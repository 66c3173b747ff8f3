import { isDeepStrictEqual } from 'node:util'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import type { Answer, Decoded, DevicesUsed, EngineEvent } from '../../shared/engine-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import { type ClipRequest, type Message, type PastMessage, type TurnRequest, userMessage } from '../engine-client.ts'
import { decideRun } from '../estimate/decide-run.ts'
import { HEADROOM, MIN_ANSWER } from '../estimate/estimate-run.ts'
import { type GivenLimits, loadedMemory, type MemoryState } from '../estimate/memory-state.ts'
import type { ModelCosts } from '../estimate/model-costs.ts'
import { framePlanes, positionAfterClip } from '../language/clip-positions.ts'
import type { Generated, Language } from '../language/types.ts'
import { Background } from './background.ts'
import { chatMessages } from './chat-messages.ts'
import { enlarge } from './enlarge.ts'
import { HeldPrompt, type PromptPart } from './held-prompt.ts'
import { type ClipResources, PreparedClip } from './prepared-clip.ts'
import { restoreState, storeState } from './state-cache.ts'
import { Stopwatch } from './stopwatch.ts'

export interface ConversationResources extends ClipResources {
  readonly language: Language
  /** Devices in use now; the tower's is known once it was opened. */
  devices(): DevicesUsed
  readonly costs: ModelCosts
  /** Limits below those of the model and the machine. */
  readonly limits?: GivenLimits | undefined
}

type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: PreparedClip }

interface OpenedMessage {
  readonly role: Message['role']
  readonly content: readonly Part[]
  /** Answer prefix that the caller had given. */
  readonly begun?: string
}

/** The messages before the requested answer. */
interface Asked {
  readonly messages: readonly OpenedMessage[]
  readonly begun: string
  /** Text of the answer that exists already, after the prefix. */
  readonly said?: string
  /** Clips that were opened for these messages. */
  readonly opened: readonly PreparedClip[]
}

/** Messages with their clips. Their KV is kept between questions; see {@link HeldPrompt}. */
export class Conversation {
  readonly #resources: ConversationResources
  /** Ends with the model's answer, which may be partial. */
  #messages: readonly OpenedMessage[] = []
  /** Messages from an earlier process, until the first turn opens their clips. */
  #past: readonly PastMessage[]
  #held: HeldPrompt | null = null
  readonly #keeping = new Background()

  /** @param past messages of this conversation from another process */
  constructor(resources: ConversationResources, past: readonly PastMessage[] = []) {
    this.#resources = resources
    this.#past = past
  }

  /** All messages, including a partial last answer, for a replacement of this conversation. */
  get history(): PastMessage[] {
    return this.#messages.map(({ role, content, begun }) => ({
      role,
      content: content.map((part) => (part.kind === 'text' ? part : { kind: 'clip', clip: part.clip.request })),
      ...(begun !== undefined && { begun }),
    }))
  }

  /** Runs one turn; the last event is `done`. Throws `context-full` and `out-of-memory`, with numbers, before anything is evaluated. */
  async *run(request: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    await this.#keeping.pause()
    const probe = new Stopwatch()
    if (bringsClip(request)) yield { kind: 'stage', stage: 'probing' }
    const recalled = await probe.time(() => this.#recall(signal))
    const asked = await probe.time(() => this.#askedBy(request, recalled, signal))
    const before = this.#clips
    const wanted: PromptPart[] = []
    let answer: Answer
    let answered = false
    try {
      wanted.push(...(await this.#promptOf(asked)))
      await this.#makeFit(asked, wanted, request.sampling.maxTokens)
      answer = yield* this.#answer(asked, wanted, request.sampling, { started, probe }, signal)
      answered = true
    } finally {
      // Close the clips of questions that were not answered or were removed.
      for (const clip of [...asked.opened, ...before]) if (!this.#clips.includes(clip)) await clip.close()
      this.#keep(wanted, answered)
    }
    yield { kind: 'done', answer }
  }

  async dispose(): Promise<void> {
    await this.#keeping.finish()
    for (const clip of this.#clips) await clip.close()
    this.#messages = []
    await this.#held?.session[Symbol.asyncDispose]()
    this.#held = null
  }

  get #clips(): PreparedClip[] {
    return clipsOf(this.#messages)
  }

  /** Writes computed embeddings and KV to the disk cache until the next question arrives. If the cache cannot be written, only time is lost. */
  #keep(wanted: readonly PromptPart[], answered: boolean): void {
    const held = this.#held
    this.#keeping.start(async (signal) => {
      for (const clip of this.#clips) await clip.keep(signal)
      if (held && answered) await storeState(held.session, wanted, this.#resources, signal)
    })
  }

  /** Restores messages from another process. Returns the clips that were opened for them. */
  async #recall(signal: AbortSignal): Promise<readonly PreparedClip[]> {
    if (this.#past.length === 0) return []
    const { messages, opened } = await this.#opened(this.#past, signal)
    this.#messages = messages
    this.#past = []
    return opened
  }

  async #askedBy(request: TurnRequest, recalled: readonly PreparedClip[], signal: AbortSignal): Promise<Asked> {
    const asked = await this.#newlyAsked(request, signal)
    return recalled.length === 0 ? asked : { ...asked, opened: [...recalled, ...asked.opened] }
  }

  async #newlyAsked(request: TurnRequest, signal: AbortSignal): Promise<Asked> {
    switch (request.kind) {
      case 'ask': {
        const { text, clip, begun = '' } = request
        const { messages, opened } = await this.#opened([userMessage(text, clip)], signal, this.#messages)
        const asked = text === undefined ? messages.map((message) => this.#described(message)) : messages
        return { messages: [...this.#messages, ...asked], begun, opened }
      }
      case 'chat':
        return { ...(await this.#opened(request.messages, signal)), begun: request.begun ?? '' }
      case 'regenerate':
        return this.#again(this.#messages.length - 1)
      case 'edit': {
        const { turn, text } = request
        const place = this.#messages.flatMap(({ role }, i) => (role === 'user' ? [i] : []))[turn] ?? -1
        const { messages, begun } = this.#again(place + 1)
        const clips = clipsOf(messages.slice(place)).map((clip) => ({ kind: 'clip', clip }) as const)
        const edited = { role: 'user', content: [...clips, { kind: 'text', text }] } as const
        return { messages: [...messages.slice(0, place), edited], begun, opened: [] }
      }
      case 'continue': {
        const last = this.#messages.at(-1)
        const asked = this.#again(this.#messages.length - 1)
        const text = (last?.content ?? []).map((part) => (part.kind === 'text' ? part.text : '')).join('')
        return { ...asked, said: text.slice(asked.begun.length) }
      }
      default:
        return assertNever(request, 'turn request')
    }
  }

  /** Adds the model's prompt for a description to a message without text. */
  #described({ role, content }: OpenedMessage): OpenedMessage {
    const [clip] = content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
    return { role, content: [...content, { kind: 'text', text: descriptionPrompt(this.#resources.manifest.prompt, clip?.info.kind) }] }
  }

  /** Opens the clips of messages, or reuses open clips of the conversation that `before` does not use. */
  async #opened(
    wanted: readonly PastMessage[],
    signal: AbortSignal,
    before: readonly OpenedMessage[] = [],
  ): Promise<{ messages: OpenedMessage[]; opened: PreparedClip[] }> {
    const spare = this.#clips.filter((clip) => !clipsOf(before).includes(clip))
    const opened: PreparedClip[] = []
    const open = async (request: ClipRequest): Promise<PreparedClip> => {
      for (const [i, held] of spare.entries()) {
        if (!serves(held, request) || !(await held.isUnchanged())) continue
        spare.splice(i, 1)
        return held
      }
      const clip = await PreparedClip.open(request, this.#resources, signal)
      opened.push(clip)
      return clip
    }
    try {
      const messages: OpenedMessage[] = []
      for (const { content, ...message } of wanted) {
        const parts: Part[] = []
        for (const part of content) parts.push(part.kind === 'text' ? part : { kind: 'clip', clip: await open(part.clip) })
        messages.push({ ...message, content: parts })
      }
      return { messages, opened }
    } catch (error) {
      for (const clip of opened) await clip.close()
      throw error
    }
  }

  /** The messages before an answer that is to be regenerated. */
  #again(index: number): Asked {
    const answer = this.#messages[index]
    if (answer?.role !== 'assistant')
      throw new TarsierError('usage', 'There is no such turn to answer again: ask something first.', {
        details: { turns: this.#messages.filter(({ role }) => role === 'user').length },
      })
    return { messages: this.#messages.slice(0, index), begun: answer.begun ?? '', opened: [] }
  }

  async #promptOf({ messages, begun, said = '' }: Asked): Promise<PromptPart[]> {
    const clips = clipsOf(messages)
    const options = { addGenerationPrompt: true, begun: begun + said }
    const segments = await this.#resources.language.prompt(chatMessages(messages), options)
    return segments.map((segment) => {
      if (segment.kind === 'tokens') return segment
      const clip = clips.shift()
      if (!clip)
        throw new TarsierError('model-damaged', "The model's chat template asks for more clips than there are. Import the model again.")
      return { kind: 'clip', clip }
    })
  }

  /** Maximum number of tokens in the conversation. */
  get #limit(): number {
    return Math.min(this.#resources.manifest.maxSequence, this.#resources.limits?.context ?? Number.POSITIVE_INFINITY)
  }

  /** Memory state from which the next run starts. */
  memory(): Promise<MemoryState> {
    const { language, costs, limits } = this.#resources
    return loadedMemory({ language, costs, devices: this.#resources.devices() }, this.#held?.session.capacity ?? 0, limits)
  }

  /** Estimates the new clips. If one does not fit, its settings are reduced if its request allows that; otherwise it is rejected. */
  async #makeFit({ opened }: Asked, wanted: readonly PromptPart[], answer: number): Promise<void> {
    if (opened.length === 0) return
    const run = { costs: this.#resources.costs, contextLimit: this.#limit, answer, memory: await this.memory() }
    for (const clip of opened) {
      const { visual, text } = sizeOf(wanted)
      const request = { ...run, ...clip.runPart, text, otherClips: visual - clip.cells }
      const { settings, refusal } = decideRun(request, { mayShrink: clip.request.fit ?? false })
      if (refusal) throw refusal
      clip.fit(settings)
    }
  }

  /** Cells for prompt and answer. The answer is shortened to the remaining context, down to a minimum length. */
  #roomFor(wanted: readonly PromptPart[], maxTokens: number): { cells: number; maxTokens: number; visual: number; text: number } {
    const { visual, text } = sizeOf(wanted)
    const limit = this.#limit
    const left = limit - visual - text
    if (left < Math.min(maxTokens, MIN_ANSWER)) {
      throw new TarsierError(
        'context-full',
        `The conversation needs ${visual} tokens of pictures and ${text} of text, and the model holds ${limit} in all. Use fewer frames or fewer pixels per frame, or start over.`,
        { details: { visual, text, limit } },
      )
    }
    const tokens = Math.min(maxTokens, left)
    return { cells: visual + text + tokens, maxTokens: tokens, visual, text }
  }

  /** A session with enough cells. The first session restores the cached state of the first clip; a larger one takes over the state of the smaller one. */
  async #heldFor(cells: number, wanted: readonly PromptPart[], signal: AbortSignal): Promise<{ held: HeldPrompt; restored: boolean }> {
    const { cache, language } = this.#resources
    const smaller = this.#held
    if (smaller && smaller.session.capacity >= cells) return { held: smaller, restored: false }
    const open = () => language.open({ cells: Math.min(this.#limit, cells + HEADROOM) })
    this.#held = null
    const held = smaller ? await enlarge(smaller, cache, open) : new HeldPrompt(await open())
    this.#held = held
    return { held, restored: smaller ? false : await restoreState(held, wanted, this.#resources, signal) }
  }

  async *#answer(
    asked: Asked,
    wanted: readonly PromptPart[],
    sampling: Sampling,
    clock: { started: number; probe: Stopwatch },
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, Answer> {
    const { language } = this.#resources
    const { begun, said: before = '' } = asked
    const saidTokens = language.tokenizeFurther(before)
    const room = this.#roomFor(wanted, Math.max(0, sampling.maxTokens - saidTokens.length))
    const { held, restored } = await this.#heldFor(room.cells, wanted, signal)
    const { session } = held
    const { positions } = language
    const prefill = new Stopwatch()
    const decode = new Stopwatch()
    const encode = new Stopwatch()
    const notices: string[] = []
    const decoded: Decoded[] = []
    let cached: Answer['cached'] = restored ? 'state' : 'nothing'
    let evaluated = 0

    const missing = held.keepPrefixOf(wanted)
    const lastClip = missing.findLastIndex(({ kind }) => kind === 'clip')
    const unseen = missing.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
    let seen = 0
    for (const [i, part] of missing.entries()) {
      if (part.kind === 'tokens') {
        if (i === lastClip + 1) yield { kind: 'stage', stage: 'thinking' }
        await prefill.time(() => session.evaluateTokens(part.tokens, signal))
        evaluated += part.tokens.length
        held.add(part, session.mark)
        continue
      }
      if (seen === 0) yield { kind: 'stage', stage: 'looking' }
      const { clip } = part
      const start = session.mark.position
      const report = {
        decode,
        encode,
        onCached: () => (cached = 'embeddings'),
        onDecoded: (through: Decoded) => decoded.push(through),
      }
      let done = 0
      for await (const frame of clip.embed(report, signal)) {
        const planes = framePlanes(positions, start, done, clip.shape)
        done += 1
        seen += 1
        await prefill.time(() => session.evaluateRows(frame.rows, planes, positionAfterClip(positions, start, done, clip.shape), signal))
        const of = unseen.reduce((sum, { frames }) => sum + frames.length, 0)
        yield { kind: 'frame', frame: { index: frame.index, time: frame.time }, done: seen, of }
      }
      notices.push(...clip.decodingNotices)
      evaluated += clip.cells
      held.add(part, session.mark)
    }
    const clips = clipsOf(asked.messages)
    // Only with the question that adds the clip, not with every question about it.
    for (const clip of clipsOf(sinceLastAnswer(asked.messages))) notices.unshift(...clip.notices)
    for (const text of new Set(notices)) yield { kind: 'notice', text }

    const answering = (text: string) => {
      const words = { kind: 'text', text: begun + text } as const
      this.#messages = [...asked.messages, { role: 'assistant', content: [words], begun }]
    }
    let said = before
    answering(said)
    yield { kind: 'stage', stage: 'writing' }
    const generating = performance.now()
    let firstToken = 0
    const pieces = session.generate({ ...sampling, maxTokens: room.maxTokens }, signal, {
      continues: begun + before !== '',
      said: saidTokens,
    })
    let generated: Generated
    for (;;) {
      const next = await pieces.next()
      if (firstToken === 0) firstToken = performance.now() - clock.started
      if (next.done === true) {
        generated = next.value
        break
      }
      const { text, logprobs } = next.value
      said += text
      answering(said)
      yield { kind: 'delta', text, ...(logprobs && { logprobs }) }
    }
    const whole = before + generated.text
    answering(whole)

    const finished = performance.now()
    const shown = clipsOf(asked.messages.filter(({ content }) => content.some(({ kind }) => kind === 'clip')).slice(-1))
    const looked = shown.map(({ frames, shape: { width, height } }) => ({ frames, width, height }))
    const last = shown.at(-1)
    const [only, ...more] = decoded
    const answer: Answer = {
      text: whole,
      finish: generated.finish,
      frames: looked.flatMap(({ frames }) => frames),
      width: last?.shape.width ?? 0,
      height: last?.shape.height ?? 0,
      ...(looked.length > 1 && { clips: looked }),
      tokens: {
        visual: clips.reduce((sum, clip) => sum + clip.cells, 0),
        prompt: room.text,
        generated: saidTokens.length + generated.tokens.length,
        evaluated,
      },
      timings: {
        probe: clock.probe.milliseconds,
        decode: decode.milliseconds,
        encode: encode.milliseconds,
        prefill: prefill.milliseconds,
        firstToken,
        generate: finished - generating,
        total: finished - clock.started,
      },
      device: this.#resources.devices(),
      notices: [...new Set(notices)],
      ...(last?.fitted && { fitted: last.fitted }),
      ...(only && more.length === 0 && { decoded: only }),
      cached,
    }
    return answer
  }
}

function bringsClip(request: TurnRequest): boolean {
  if (request.kind === 'ask') return request.clip !== undefined
  return request.kind === 'chat' && request.messages.some(({ content }) => content.some(({ kind }) => kind === 'clip'))
}

function clipsOf(messages: readonly OpenedMessage[]): PreparedClip[] {
  return messages.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : [])))
}

function sinceLastAnswer(messages: readonly OpenedMessage[]): readonly OpenedMessage[] {
  return messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1)
}

/** Cells that a prompt needs. */
function sizeOf(wanted: readonly PromptPart[]): { visual: number; text: number } {
  let visual = 0
  let text = 0
  for (const part of wanted) {
    if (part.kind === 'clip') visual += part.clip.cells
    else text += part.tokens.length
  }
  return { visual, text }
}

/**
 * Whether an open clip matches a request: the same frames of the same file, at the same size. A clip that was shrunk to fit matches only requests
 * that allow this; others need the requested size, or an error.
 */
function serves({ request: held, fitted }: PreparedClip, wanted: ClipRequest): boolean {
  return (
    held.path === wanted.path &&
    held.maxPixels === wanted.maxPixels &&
    held.minPixels === wanted.minPixels &&
    isDeepStrictEqual(held.frames, wanted.frames) &&
    (fitted === undefined || wanted.fit === true)
  )
}
