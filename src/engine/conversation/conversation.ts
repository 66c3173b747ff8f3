import { isDeepStrictEqual } from 'node:util'
import type { Answer, Decoded, DevicesUsed, EngineEvent } from '../../shared/engine-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { ClipRequest, PastTurn, TurnRequest } from '../engine-client.ts'
import { HEADROOM, LEAST_ANSWER, type RunLimits, type Scales } from '../estimate/scales.ts'
import type { ChatMessage, ChatPart, Generated, Language } from '../language/types.ts'
import { Background } from './background.ts'
import { framePlanes, positionAfterClip } from './clip-positions.ts'
import { enlarge } from './enlarge.ts'
import { HeldPrompt, type PromptPart } from './held-prompt.ts'
import { type ClipResources, PreparedClip } from './prepared-clip.ts'
import { restoreState, storeState } from './state-cache.ts'
import { Stopwatch } from './stopwatch.ts'
import { heldParts, memoryLimits, offloadOf, weighClip } from './weigh-clip.ts'

export interface ConversationResources extends ClipResources {
  readonly language: Language
  /** Devices in use at this moment; the tower's is known once it was needed. */
  devices(): DevicesUsed
  readonly scales: Scales
  /** Stricter limits than the model's and the machine's. */
  readonly limits?: Partial<RunLimits> | undefined
}

interface Turn {
  readonly text: string
  readonly clip: PreparedClip | null
  /** What the answer begins with; empty unless the caller said so. */
  readonly begun: string
  /** What the model wrote after `begun`. `tokens` is null for an answer that was cut off: its text is tokenised anew. */
  answer: { text: string; tokens: readonly number[] | null } | null
}

/** A clip (or several) and the turns about it. Its KV stays between turns; see {@link HeldPrompt}. */
export class Conversation {
  readonly #resources: ConversationResources
  #turns: readonly Turn[] = []
  #held: HeldPrompt | null = null
  readonly #keeping = new Background()

  constructor(resources: ConversationResources) {
    this.#resources = resources
  }

  /** Runs one turn; the last event is `done`. Throws `context-full` and `out-of-memory`, with numbers, before anything is evaluated. */
  async *run(request: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    await this.#keeping.pause()
    const probe = new Stopwatch()
    if (request.kind === 'ask' && request.clip) yield { kind: 'stage', stage: 'probing' }
    const { turns, opened } = await probe.time(() => this.#turnsFor(request, signal))
    const before = this.#turns
    const wanted: PromptPart[] = []
    let answer: Answer
    let answered = false
    try {
      wanted.push(...this.#promptOf(turns))
      await this.#makeFit(turns, wanted, request.sampling.maxTokens)
      answer = yield* this.#answer(turns, wanted, request.sampling, { started, probe }, signal)
      answered = true
    } finally {
      // Neither a turn that never began nor one that was dropped leaves an open file behind.
      for (const clip of [...opened, ...before.map((turn) => turn.clip)]) if (clip && !this.#clips.includes(clip)) await clip.close()
      this.#keep(wanted, answered)
    }
    yield { kind: 'done', answer }
  }

  async dispose(): Promise<void> {
    await this.#keeping.finish()
    for (const clip of this.#clips) await clip.close()
    this.#turns = []
    await this.#held?.session[Symbol.asyncDispose]()
    this.#held = null
  }

  get #clips(): PreparedClip[] {
    return this.#turns.flatMap((turn) => (turn.clip ? [turn.clip] : []))
  }

  /** Writes what was computed to the disk cache while nobody waits. A cache that cannot be written costs time later, and nothing else. */
  #keep(wanted: readonly PromptPart[], answered: boolean): void {
    const held = this.#held
    this.#keeping.start(async (signal) => {
      for (const clip of this.#clips) await clip.keep(signal)
      if (held && answered) await storeState(held.session, wanted, this.#resources, signal)
    })
  }

  async #turnsFor(request: TurnRequest, signal: AbortSignal): Promise<{ turns: readonly Turn[]; opened: readonly PreparedClip[] }> {
    switch (request.kind) {
      case 'ask': {
        const opened: PreparedClip[] = []
        try {
          const before = request.history ? await this.#recalled(request.history, opened, signal) : this.#turns
          const clip = request.clip ? await this.#clipFor(request.clip, before, opened, signal) : null
          return { turns: [...before, { text: request.text, clip, begun: request.begun ?? '', answer: null }], opened }
        } catch (error) {
          for (const clip of opened) await clip.close()
          throw error
        }
      }
      case 'regenerate':
        return { turns: this.#reopened(this.#turns.length - 1), opened: [] }
      case 'edit':
        return { turns: this.#reopened(request.turn, request.text), opened: [] }
      default:
        return assertNever(request, 'turn request')
    }
  }

  /** What the caller says came before, as turns: those that are held, as long as they are the same, then new ones. */
  async #recalled(history: readonly PastTurn[], opened: PreparedClip[], signal: AbortSignal): Promise<Turn[]> {
    const turns: Turn[] = []
    let same = true
    for (const past of history) {
      const held = this.#turns[turns.length]
      if (same && held && held.text === past.text && wholeAnswer(held) === past.answer && sameClip(held.clip?.request, past.clip)) {
        turns.push(held)
        continue
      }
      same = false
      const clip = past.clip ? await this.#clipFor(past.clip, turns, opened, signal) : null
      turns.push({ text: past.text, clip, begun: '', answer: { text: past.answer, tokens: null } })
    }
    return turns
  }

  /** The clip of a request: one that is held and not in use by `turns`, else opened. */
  async #clipFor(request: ClipRequest, turns: readonly Turn[], opened: PreparedClip[], signal: AbortSignal): Promise<PreparedClip> {
    const held = this.#clips.find((clip) => sameClip(clip.request, request) && !turns.some((turn) => turn.clip === clip))
    if (held) return held
    const clip = await PreparedClip.open(request, this.#resources, signal)
    opened.push(clip)
    return clip
  }

  /** The turns up to and including one, which is to be answered anew. */
  #reopened(index: number, text?: string): readonly Turn[] {
    const turn = this.#turns[index]
    if (!turn)
      throw new TarsierError('usage', 'There is no such turn to answer again: ask something first.', {
        details: { turns: this.#turns.length },
      })
    return [...this.#turns.slice(0, index), { ...turn, text: text ?? turn.text, answer: null }]
  }

  #promptOf(turns: readonly Turn[]): PromptPart[] {
    const messages: ChatMessage[] = []
    for (const { text, clip, begun, answer } of turns) {
      const words: ChatPart = { type: 'text', text }
      messages.push({ role: 'user', content: clip ? [{ type: 'video' }, words] : [words] })
      if (answer) {
        const said: ChatPart = answer.tokens ? { type: 'tokens', tokens: answer.tokens } : { type: 'text', text: answer.text }
        messages.push({ role: 'assistant', content: begun === '' ? [said] : [{ type: 'text', text: begun }, said] })
      }
    }
    const clips = turns.flatMap((turn) => (turn.clip ? [turn.clip] : []))
    return this.#resources.language.prompt(messages, { addGenerationPrompt: true, begun: turns.at(-1)?.begun }).map((segment) => {
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

  /** Weighs a clip that was just brought. One that does not fit gets smaller settings where its request allows that, and is refused otherwise. */
  async #makeFit(turns: readonly Turn[], wanted: readonly PromptPart[], answer: number): Promise<void> {
    const clip = turns.at(-1)?.clip
    if (!clip || this.#clips.includes(clip)) return
    const { scales, language, limits: given } = this.#resources
    const devices = this.#resources.devices()
    const offload = offloadOf(devices, language)
    const held = (this.#held?.session.capacity ?? 0) * scales.memory.language.cellBytes
    const limits = { context: this.#limit, ...(await memoryLimits(language, { held, offload, given })) }
    let text = 0
    let pictures = 0
    for (const part of wanted) {
      if (part.kind === 'tokens') text += part.tokens.length
      else if (part.clip !== clip) pictures += part.clip.cells
    }
    const beside = { text, pictures, answer, held: heldParts(devices, this.#held !== null, given), offload }
    const { refusal } = weighClip(clip, scales, beside, limits)
    if (refusal) throw refusal
  }

  /** Cells for prompt and answer; the answer is shortened to what is left, down to a least that is worth it. */
  #roomFor(wanted: readonly PromptPart[], maxTokens: number): { cells: number; maxTokens: number; visual: number; text: number } {
    let visual = 0
    let text = 0
    for (const part of wanted) {
      if (part.kind === 'clip') visual += part.clip.cells
      else text += part.tokens.length
    }
    const limit = this.#limit
    const left = limit - visual - text
    if (left < Math.min(maxTokens, LEAST_ANSWER)) {
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
    turns: readonly Turn[],
    wanted: readonly PromptPart[],
    sampling: Sampling,
    clock: { started: number; probe: Stopwatch },
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, Answer> {
    const room = this.#roomFor(wanted, sampling.maxTokens)
    const { held, restored } = await this.#heldFor(room.cells, wanted, signal)
    const { session } = held
    const { positions } = this.#resources.language
    const prefill = new Stopwatch()
    const decode = new Stopwatch()
    const encode = new Stopwatch()
    const notices: string[] = []
    const decoded: Decoded[] = []
    let cached: Answer['cached'] = restored ? 'state' : 'nothing'
    let evaluated = 0

    const missing = held.keepPrefixOf(wanted)
    for (const part of missing) {
      if (part.kind === 'tokens') {
        if (part === missing.at(-1)) yield { kind: 'stage', stage: 'thinking' }
        await prefill.time(() => session.evaluateTokens(part.tokens, signal))
        evaluated += part.tokens.length
        held.add(part, session.mark)
        continue
      }
      yield { kind: 'stage', stage: 'looking' }
      const { clip } = part
      const start = session.mark.position
      const report = {
        decode,
        encode,
        onNotice: (text: string) => notices.push(text),
        onCached: () => (cached = 'embeddings'),
        onDecoded: (seen: Decoded) => decoded.push(seen),
      }
      let done = 0
      for await (const frame of clip.embed(report, signal)) {
        const planes = framePlanes(positions, start, done, clip.shape)
        done += 1
        await prefill.time(() => session.evaluateRows(frame.rows, planes, positionAfterClip(positions, start, done, clip.shape), signal))
        yield { kind: 'frame', frame: { index: frame.index, time: frame.time }, done, of: clip.frames.length }
      }
      evaluated += clip.cells
      held.add(part, session.mark)
    }
    const clips = turns.flatMap((turn) => (turn.clip ? [turn.clip] : []))
    // Said with the turn that brings the clip, not again with every question about it.
    const brought = turns.at(-1)?.clip
    if (brought) notices.unshift(...brought.notices)
    for (const text of new Set(notices)) yield { kind: 'notice', text }

    yield { kind: 'stage', stage: 'writing' }
    const turn = turns.at(-1)
    if (!turn) throw new TarsierError('internal', 'A turn without a question cannot be answered. Please report it.')
    turn.answer = { text: '', tokens: null }
    this.#turns = turns
    const generating = performance.now()
    let firstToken = 0
    const pieces = session.generate({ ...sampling, maxTokens: room.maxTokens }, signal, { continues: turn.begun !== '' })
    let generated: Generated
    for (;;) {
      const next = await pieces.next()
      if (firstToken === 0) firstToken = performance.now() - clock.started
      if (next.done === true) {
        generated = next.value
        break
      }
      turn.answer.text += next.value.text
      yield { kind: 'delta', text: next.value.text }
    }
    turn.answer = { text: generated.text, tokens: generated.finish === 'stop' ? null : generated.tokens }
    held.add({ kind: 'tokens', tokens: generated.tokens }, session.mark)

    const finished = performance.now()
    const shown = clips.at(-1)
    const [only, ...more] = decoded
    const answer: Answer = {
      text: generated.text,
      finish: generated.finish,
      frames: shown?.frames ?? [],
      width: shown?.shape.width ?? 0,
      height: shown?.shape.height ?? 0,
      tokens: {
        visual: clips.reduce((sum, clip) => sum + clip.cells, 0),
        prompt: room.text,
        generated: generated.tokens.length,
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
      ...(shown?.fitted && { fitted: shown.fitted }),
      ...(only && more.length === 0 && { decoded: only }),
      cached,
    }
    return answer
  }
}

/** As callers know it: what the answer was begun with and what the model made of it. Undefined for a turn without one. */
function wholeAnswer({ begun, answer }: Turn): string | undefined {
  return answer ? begun + answer.text : undefined
}

/** Whether two requests mean the same frames of the same file. */
function sameClip(a: ClipRequest | undefined, b: ClipRequest | undefined): boolean {
  if (!a || !b) return a === b
  return a.path === b.path && a.maxPixels === b.maxPixels && isDeepStrictEqual(a.frames, b.frames)
}
