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
  /** Devices in use at this moment; the tower's is known once it was needed. */
  devices(): DevicesUsed
  readonly costs: ModelCosts
  /** Stricter limits than the model's and the machine's. */
  readonly limits?: GivenLimits | undefined
}

type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: PreparedClip }

interface OpenedMessage {
  readonly role: Message['role']
  readonly content: readonly Part[]
  /** What an answer of ours begins with because the caller said so. */
  readonly begun?: string
}

/** Everything up to the answer that is wanted. */
interface Asked {
  readonly messages: readonly OpenedMessage[]
  readonly begun: string
  /** What the answer says already, after that. */
  readonly said?: string
  /** Clips of the messages that were opened for this. */
  readonly opened: readonly PreparedClip[]
}

/** Messages with their clips. The KV of what they became stays between questions; see {@link HeldPrompt}. */
export class Conversation {
  readonly #resources: ConversationResources
  /** Ends with our answer, as far as it came. */
  #messages: readonly OpenedMessage[] = []
  /** Messages of a process that is gone, until the first turn opens their clips. */
  #past: readonly PastMessage[]
  #held: HeldPrompt | null = null
  readonly #keeping = new Background()

  /** @param past what was said in this conversation before, in another process */
  constructor(resources: ConversationResources, past: readonly PastMessage[] = []) {
    this.#resources = resources
    this.#past = past
  }

  /** All messages, the last answer as far as it came, for a conversation that takes this one's place. */
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
      // Neither a question that was never answered nor one that was dropped leaves an open file behind.
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

  /** Writes what was computed to the disk cache until the next question comes. If the cache cannot be written, only time is lost later. */
  #keep(wanted: readonly PromptPart[], answered: boolean): void {
    const held = this.#held
    this.#keeping.start(async (signal) => {
      for (const clip of this.#clips) await clip.keep(signal)
      if (held && answered) await storeState(held.session, wanted, this.#resources, signal)
    })
  }

  /** Takes over what was said before in another process. Returns the clips that were opened for it. */
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

  /** A question that asks nothing, with the model's own request for a description. */
  #described({ role, content }: OpenedMessage): OpenedMessage {
    const [clip] = content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
    return { role, content: [...content, { kind: 'text', text: descriptionPrompt(this.#resources.manifest.prompt, clip?.info.kind) }] }
  }

  /** Messages with their clips: each is one that the conversation holds and `before` does not use, else it is opened. */
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

  /** Everything before one of our answers, which is to be given anew. */
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

  /** Where the conversation's limit lies, in tokens. */
  get #limit(): number {
    return Math.min(this.#resources.manifest.maxSequence, this.#resources.limits?.context ?? Number.POSITIVE_INFINITY)
  }

  /** The memory that the next run starts from. */
  memory(): Promise<MemoryState> {
    const { language, costs, limits } = this.#resources
    return loadedMemory({ language, costs, devices: this.#resources.devices() }, this.#held?.session.capacity ?? 0, limits)
  }

  /** Estimates the clips that were just brought. One that does not fit gets smaller settings where its request allows that, and is refused otherwise. */
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

  /** Cells for prompt and answer; the answer is shortened to what is left, down to a least that is worth it. */
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

  /** A session with enough room. The first one takes from disk what was kept of the first clip, a larger one what its forerunner held. */
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
    // Said with the question that brings the clip, not again with every question about it.
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

/** Cells that a prompt takes. */
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
 * Whether a clip that is held is what a request asks for: the same frames of the same file, of the same size. One that was shrunk to fit is that
 * only for requests that allow it: another one wants the clip as it asks, or a refusal.
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
