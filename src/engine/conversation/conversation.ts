import type { Answer, Decoded, DevicesUsed, EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import { grouped } from '../../shared/size-text.ts'
import type { PastMessage, PromptEvent, TimeEvent, TimeRequest, TurnMessages, TurnRequest } from '../engine-client.ts'
import { decideRun } from '../estimate/decide-run.ts'
import { estimateRun, HEADROOM, MIN_ANSWER } from '../estimate/estimate-run.ts'
import { loadedMemory, type MemoryState, type RequestedLimits } from '../estimate/memory-state.ts'
import type { ModelCosts } from '../estimate/model-costs.ts'
import { LOOK_FRAMES } from '../events/zoom.ts'
import type { Generated, Language } from '../language/types.ts'
import { answerTokens } from './answer-tokens.ts'
import { Background } from './background.ts'
import { chatMessages } from './chat-messages.ts'
import { ClipScorer } from './clip-scorer.ts'
import { enlarge } from './enlarge.ts'
import { clipsOf, MessageHistory, type OpenedMessage, type PendingAnswer, sinceLastAnswer } from './message-history.ts'
import { PrefixCache, type PromptPart } from './prefix-cache.ts'
import type { ClipResources, PreparedClip } from './prepared-clip.ts'
import { sizeOf, tokensOf } from './prompt-size.ts'
import { evaluateSlice } from './slice-times.ts'
import { restoreState, storeState } from './state-cache.ts'
import { Stopwatch } from './stopwatch.ts'

export interface ConversationResources extends ClipResources {
  readonly language: Language
  /** Devices in use now; the tower's is known once it was opened. */
  devices(): DevicesUsed
  readonly costs: ModelCosts
  readonly towerInFile: boolean
  /** Limits below those of the model and the machine. */
  readonly limits?: RequestedLimits | undefined
}

/** An evaluated prompt, with what it took. */
interface Prefilled {
  readonly cache: PrefixCache
  readonly prefill: Stopwatch
  readonly decode: Stopwatch
  readonly encode: Stopwatch
  readonly notices: readonly string[]
  readonly decoded: readonly Decoded[]
  readonly cached: Answer['cached']
  /** Rows and tokens that were evaluated. */
  readonly evaluated: number
}

/** Messages with their clips. Their KV is kept between questions; see {@link PrefixCache}. */
export class Conversation {
  readonly #resources: ConversationResources
  readonly #history: MessageHistory
  #prefixCache: PrefixCache | null = null
  readonly #keeping = new Background()

  /** @param past messages of this conversation from another process */
  constructor(resources: ConversationResources, past: readonly PastMessage[] = []) {
    this.#resources = resources
    this.#history = new MessageHistory(resources, past)
  }

  /** All messages, including a partial last answer, for a replacement of this conversation. */
  get history(): PastMessage[] {
    return this.#history.past
  }

  /** Runs one turn; the last event is `done`. Throws `context-full` and `out-of-memory`, with numbers, before anything is evaluated. */
  async *run(request: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    await this.#keeping.pause()
    const probe = new Stopwatch()
    if (bringsClip(request)) yield { kind: 'stage', stage: 'probing' }
    const before = this.#history.clips
    const pending = await probe.time(() => this.#history.next(request, signal))
    const wanted: PromptPart[] = []
    let answer: Answer
    let answered = false
    try {
      wanted.push(...(await this.#promptOf(pending)))
      await this.#makeFit(pending, wanted, request.sampling.maxTokens)
      answer = yield* this.#answer(pending, wanted, request.sampling, { started, probe }, signal)
      answered = true
    } finally {
      // Close the clips of questions that were not answered or were removed.
      for (const clip of [...pending.opened, ...before]) if (!this.#history.clips.includes(clip)) await clip.close()
      this.#keep(wanted, answered)
    }
    yield { kind: 'done', answer }
  }

  /**
   * Times a text and scores its words in place of an answer. Throws `context-full` if the text does not fit, and `usage` unless the messages have exactly
   * one clip, or if there is no text.
   */
  async *timeText(
    { turn, text: given, precision = null, supportOnly = false }: TimeRequest,
    signal: AbortSignal,
  ): AsyncGenerator<TimeEvent, void> {
    await this.#keeping.pause()
    if (bringsClip(turn)) yield { kind: 'stage', stage: 'probing' }
    const before = this.#history.clips
    const pending = await this.#history.next(turn, signal)
    const text = given ?? (turn.kind === 'regenerate' ? this.#history.lastAnswer : undefined) ?? ''
    const wanted: PromptPart[] = []
    try {
      if (text.trim() === '') throw new TarsierError('usage', 'There is no text to score. Give a text, or describe the clip first.')
      if (clipsOf(pending.messages).length !== 1)
        throw new TarsierError('usage', 'Texts can be scored with exactly one clip. Start a conversation with one video.')
      const answer = await answerTokens(this.#resources.language, chatMessages(pending.messages), pending.answerPrefix, text)
      wanted.push(...(await this.#promptOf(pending)))
      await this.#makeFit(pending, wanted, answer.tokens.length)
      const { cells, maxTokens } = this.#cellsFor(wanted, answer.tokens.length)
      // Unlike an answer, a text cannot be shorter.
      if (maxTokens < answer.tokens.length)
        throw new TarsierError(
          'context-full',
          `The text has ${grouped(answer.tokens.length)} tokens, but only ${grouped(maxTokens)} fit beside the clip. Use a shorter text, or fewer frames or pixels per frame.`,
        )
      const scored = await this.#scoredPrompt(pending, wanted)
      // A branch contains the end of the prompt and the text once more, and the frames of closer looks. Its cells do not count for the model's limit.
      const branch = Math.max(scored.tail.length, scored.withoutClip.length) + answer.tokens.length
      const looks = precision === null ? 0 : await this.#cellsForLooks(scored.clip, wanted, branch)
      const { cache } = yield* this.#prefill(pending, wanted, cells + branch + looks, signal)
      // A clip of a new question stays open for further texts.
      if (turn.kind === 'ask') this.#history.record(pending, '')
      const head = cache.startOf(scored.place)
      if (!head) throw new Error('the prompt was not evaluated')
      const { language } = this.#resources
      const scorer = new ClipScorer({ ...scored, session: cache.session, language, head, limit: this.#limit }, this.#resources)
      // Loaded when needed: the analysis of English takes a third of a second to load.
      const { supportText, timeText } = await import('./time-text.ts')
      yield* supportOnly ? supportText(scorer, answer, signal) : timeText(scorer, answer, precision, signal)
    } finally {
      for (const clip of [...pending.opened, ...before]) if (!this.#history.clips.includes(clip)) await clip.close()
      this.#keep(wanted, false)
    }
  }

  /** The parts of a prompt with one clip that a scorer needs. */
  async #scoredPrompt(pending: PendingAnswer, wanted: readonly PromptPart[]) {
    const place = wanted.findIndex(({ kind }) => kind === 'clip')
    const [clip] = clipsOf(pending.messages)
    if (!clip) throw new Error('the prompt of a message with a clip has none')
    const withoutClip = await this.#resources.language.prompt(chatMessages(pending.messages.map(withoutClips)), {
      addGenerationPrompt: true,
      answerPrefix: pending.answerPrefix,
    })
    return { place, clip, tail: tokensOf(wanted.slice(place + 1)), withoutClip: tokensOf(withoutClip) }
  }

  /** Cells for the frames of closer looks; 0 if there is no memory for them. */
  async #cellsForLooks(clip: PreparedClip, wanted: readonly PromptPart[], answer: number): Promise<number> {
    const { visual, text } = sizeOf(wanted)
    const looks = LOOK_FRAMES * (clip.shape.rows + clip.mostLead)
    const run = { costs: this.#resources.costs, contextLimit: Number.POSITIVE_INFINITY, answer, memory: await this.memory() }
    const others = { text: text - (clip.cells - clip.rows), otherClips: visual - clip.rows + looks }
    return estimateRun({ ...run, ...clip.runPart, ...others }).lacking === null ? looks : 0
  }

  /** Waits until the rows and the KV of the last answer are in the disk cache. */
  async stored(): Promise<void> {
    await this.#keeping.finish()
  }

  async dispose(): Promise<void> {
    await this.stored()
    for (const clip of this.#history.clips) await clip.close()
    this.#history.clear()
    await this.#prefixCache?.session[Symbol.asyncDispose]()
    this.#prefixCache = null
  }

  /** Writes computed embeddings and KV to the disk cache until the next question arrives. If the cache cannot be written, only time is lost. */
  #keep(wanted: readonly PromptPart[], answered: boolean): void {
    const cache = this.#prefixCache
    this.#keeping.start(async (signal) => {
      for (const clip of this.#history.clips) await clip.keep(signal)
      if (cache && answered) await storeState(cache.session, wanted, this.#resources, signal)
    })
  }

  async #promptOf({ messages, answerPrefix, answered = '' }: PendingAnswer): Promise<PromptPart[]> {
    const clips = clipsOf(messages)
    const options = { addGenerationPrompt: true, answerPrefix: answerPrefix + answered }
    const shown = chatMessages(
      messages,
      clips.map(({ leadIn }) => leadIn),
    )
    const segments = await this.#resources.language.prompt(shown, options)
    return segments.map((segment) => {
      if (segment.kind === 'tokens') return segment
      const clip = clips.shift()
      if (!clip)
        throw new TarsierError(
          'model-damaged',
          'The chat template of the model refers to more clips than the conversation has. Import the model again.',
        )
      return { kind: 'clip', clip }
    })
  }

  /** Maximum number of tokens in the conversation. */
  get #limit(): number {
    return Math.min(this.#resources.manifest.maxSequence, this.#resources.limits?.context ?? Number.POSITIVE_INFINITY)
  }

  /** Memory state from which the next run starts. */
  memory(): Promise<MemoryState> {
    const { language, costs, towerInFile, limits } = this.#resources
    const devices = this.#resources.devices()
    return loadedMemory({ language, costs, devices, towerInFile }, this.#prefixCache?.session.capacity ?? 0, limits)
  }

  /** Estimates the new clips. If one does not fit, its settings are reduced if its request allows that; otherwise it is rejected. */
  async #makeFit({ opened }: PendingAnswer, wanted: readonly PromptPart[], answer: number): Promise<void> {
    if (opened.length === 0) return
    const run = { costs: this.#resources.costs, contextLimit: this.#limit, answer, memory: await this.memory() }
    for (const clip of opened) {
      const { visual, text } = sizeOf(wanted)
      const request = { ...run, ...clip.runPart, text: text - (clip.cells - clip.rows), otherClips: visual - clip.rows }
      const { settings, refusal } = decideRun(request, { mayShrink: clip.request.fit ?? false })
      if (refusal) throw refusal
      clip.fit(settings)
    }
  }

  /** Cells for prompt and answer. The answer is shortened to the remaining context, down to a minimum length. */
  #cellsFor(wanted: readonly PromptPart[], maxTokens: number): { cells: number; maxTokens: number; visual: number; text: number } {
    const { visual, text } = sizeOf(wanted)
    const limit = this.#limit
    const left = limit - visual - text
    if (left < Math.min(maxTokens, MIN_ANSWER)) {
      throw new TarsierError(
        'context-full',
        `The conversation needs ${grouped(visual)} visual and ${grouped(text)} text tokens, but the model's limit is ${grouped(limit)} tokens. Ask a shorter question, use fewer frames or fewer pixels per frame, or start a new conversation.`,
        { details: { visual, text, limit } },
      )
    }
    const tokens = Math.min(maxTokens, left)
    return { cells: visual + text + tokens, maxTokens: tokens, visual, text }
  }

  /** A session with enough cells. The first session restores the cached state of the first clip; a larger one takes over the state of the smaller one. */
  async #cacheFor(cells: number, wanted: readonly PromptPart[], signal: AbortSignal): Promise<{ cache: PrefixCache; restored: boolean }> {
    const { cache: disk, language } = this.#resources
    const smaller = this.#prefixCache
    if (smaller && smaller.session.capacity >= cells) return { cache: smaller, restored: false }
    const open = () => language.open({ cells: Math.max(cells, Math.min(this.#limit, cells + HEADROOM)) })
    this.#prefixCache = null
    const cache = smaller ? await enlarge(smaller, disk, open) : new PrefixCache(await open())
    this.#prefixCache = cache
    return { cache, restored: smaller ? false : await restoreState(cache, wanted, this.#resources, signal) }
  }

  /** Evaluates what the session does not contain of a prompt. Yields stages, frames and notices. */
  async *#prefill(
    pending: PendingAnswer,
    wanted: readonly PromptPart[],
    cells: number,
    signal: AbortSignal,
  ): AsyncGenerator<PromptEvent, Prefilled> {
    const { positions } = this.#resources.language
    const { cache, restored } = await this.#cacheFor(cells, wanted, signal)
    const { session } = cache
    const prefill = new Stopwatch()
    const decode = new Stopwatch()
    const encode = new Stopwatch()
    const notices: string[] = []
    const decoded: Decoded[] = []
    let cached: Answer['cached'] = restored ? 'state' : 'nothing'
    let evaluated = 0

    const missing = cache.keepPrefixOf(wanted)
    const lastClip = missing.findLastIndex(({ kind }) => kind === 'clip')
    const unseen = missing.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
    let seen = 0
    for (const [i, part] of missing.entries()) {
      if (part.kind === 'tokens') {
        if (i === lastClip + 1) yield { kind: 'stage', stage: 'thinking' }
        await prefill.time(() => session.evaluateTokens(part.tokens, signal))
        evaluated += part.tokens.length
        cache.add(part, session.mark)
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
      for await (const { frames, rows } of clip.embed(report, signal)) {
        const slice = { rows, shape: clip.shape, start, slice: done, lead: clip.leadOf(done, frames) }
        done += 1
        await prefill.time(() => evaluateSlice(session, positions, slice, signal))
        const of = unseen.reduce((sum, { frames: all }) => sum + all.length, 0)
        for (const { index, time } of frames) {
          seen += 1
          yield { kind: 'frame', frame: { index, time }, done: seen, of }
        }
      }
      notices.push(...clip.decodingNotices)
      evaluated += clip.cells
      cache.add(part, session.mark)
    }
    // Only with the question that adds the clip, not with every question about it.
    for (const clip of clipsOf(sinceLastAnswer(pending.messages))) notices.unshift(...clip.notices)
    for (const text of new Set(notices)) yield { kind: 'notice', text }
    return { cache, prefill, decode, encode, notices: [...new Set(notices)], decoded, cached, evaluated }
  }

  async *#answer(
    pending: PendingAnswer,
    wanted: readonly PromptPart[],
    sampling: Sampling,
    clock: { started: number; probe: Stopwatch },
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, Answer> {
    const { answerPrefix, answered: before = '' } = pending
    const answeredTokens = this.#resources.language.tokenizeFurther(before)
    const needed = this.#cellsFor(wanted, Math.max(0, sampling.maxTokens - answeredTokens.length))
    const prefilled = yield* this.#prefill(pending, wanted, needed.cells, signal)
    const { session } = prefilled.cache

    let answered = before
    this.#history.record(pending, answered)
    yield { kind: 'stage', stage: 'writing' }
    const generating = performance.now()
    let firstToken = 0
    const pieces = session.generate({ ...sampling, maxTokens: needed.maxTokens }, signal, {
      continues: answerPrefix + before !== '',
      previousTokens: answeredTokens,
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
      answered += text
      this.#history.record(pending, answered)
      yield { kind: 'delta', text, ...(logprobs && { logprobs }) }
    }
    const whole = before + generated.text
    this.#history.record(pending, whole)

    const finished = performance.now()
    const shown = clipsOf(pending.messages.filter(({ content }) => content.some(({ kind }) => kind === 'clip')).slice(-1))
    const looked = shown.map(({ frames, shape: { width, height } }) => ({ frames, width, height }))
    const last = shown.at(-1)
    const [only, ...more] = prefilled.decoded
    const answer: Answer = {
      text: whole,
      finish: generated.finish,
      frames: looked.flatMap(({ frames }) => frames),
      width: last?.shape.width ?? 0,
      height: last?.shape.height ?? 0,
      ...(looked.length > 1 && { clips: looked }),
      tokens: {
        visual: clipsOf(pending.messages).reduce((sum, clip) => sum + clip.rows, 0),
        prompt: needed.text,
        generated: answeredTokens.length + generated.tokens.length,
        evaluated: prefilled.evaluated,
      },
      timings: {
        probe: clock.probe.milliseconds,
        decode: prefilled.decode.milliseconds,
        encode: prefilled.encode.milliseconds,
        prefill: prefilled.prefill.milliseconds,
        firstToken,
        generate: finished - generating,
        total: finished - clock.started,
      },
      device: this.#resources.devices(),
      notices: prefilled.notices,
      ...(last?.fitted && { fitted: last.fitted }),
      ...(only && more.length === 0 && { decoded: only }),
      cached: prefilled.cached,
    }
    return answer
  }
}

function bringsClip(request: TurnMessages): boolean {
  if (request.kind === 'ask') return request.clip !== undefined
  return request.kind === 'chat' && request.messages.some(({ content }) => content.some(({ kind }) => kind === 'clip'))
}

function withoutClips({ role, content }: OpenedMessage): OpenedMessage {
  return { role, content: content.filter(({ kind }) => kind === 'text') }
}
