import type { Answer, DevicesUsed, EngineEvent } from '../../shared/engine-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { TurnRequest } from '../engine-client.ts'
import type { ChatMessage, ChatPart, Generated, Language, Session } from '../language/types.ts'
import { framePlanes, positionAfterClip } from './clip-positions.ts'
import { HeldPrompt, type PromptPart } from './held-prompt.ts'
import { type ClipResources, PreparedClip } from './prepared-clip.ts'
import { restoreState, storeState } from './state-cache.ts'
import { Stopwatch } from './stopwatch.ts'

export interface ConversationResources extends ClipResources {
  readonly language: Language
  /** Devices in use at this moment; the tower's is known once it was needed. */
  devices(): DevicesUsed
}

interface Turn {
  readonly text: string
  readonly clip: PreparedClip | null
  /** `tokens` is null for an answer that was cut off: its text is tokenised anew. */
  answer: { text: string; tokens: readonly number[] | null } | null
}

/** Room beyond the first need, so that follow-up questions rarely outgrow the context. */
const HEADROOM = 2048
/** An answer shorter than this is not worth starting. */
const LEAST_ANSWER = 16

/** A clip (or several) and the turns about it. Its KV stays between turns; see {@link HeldPrompt}. */
export class Conversation {
  readonly #resources: ConversationResources
  #turns: readonly Turn[] = []
  #session: Session | null = null
  #held: HeldPrompt | null = null

  constructor(resources: ConversationResources) {
    this.#resources = resources
  }

  /** Runs one turn; the last event is `done`. Throws `context-full`, with numbers, before anything is evaluated. */
  async *run(request: TurnRequest, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
    const started = performance.now()
    const probe = new Stopwatch()
    if (request.kind === 'ask' && request.clip) yield { kind: 'stage', stage: 'probing' }
    const { turns, opened } = await probe.time(() => this.#turnsFor(request, signal))
    try {
      const wanted = this.#promptOf(turns)
      yield* this.#answer(turns, wanted, request.sampling, { started, probe }, signal)
    } catch (error) {
      // A turn that never began leaves no open file behind.
      if (opened && !this.#turns.some((turn) => turn.clip === opened)) await opened.close()
      throw error
    }
  }

  async dispose(): Promise<void> {
    for (const turn of this.#turns) await turn.clip?.close()
    this.#turns = []
    await this.#session?.[Symbol.asyncDispose]()
    this.#session = null
    this.#held = null
  }

  async #turnsFor(request: TurnRequest, signal: AbortSignal): Promise<{ turns: readonly Turn[]; opened: PreparedClip | null }> {
    switch (request.kind) {
      case 'ask': {
        const opened = request.clip ? await PreparedClip.open(request.clip, this.#resources, signal) : null
        return { turns: [...this.#turns, { text: request.text, clip: opened, answer: null }], opened }
      }
      case 'regenerate':
        return { turns: this.#reopened(this.#turns.length - 1), opened: null }
      case 'edit':
        return { turns: this.#reopened(request.turn, request.text), opened: null }
      default:
        return assertNever(request, 'turn request')
    }
  }

  /** The turns up to and including one, which is to be answered anew. */
  #reopened(index: number, text?: string): readonly Turn[] {
    const turn = this.#turns[index]
    if (!turn)
      throw new TarsierError('usage', 'There is no such turn to answer again: ask something first.', {
        details: { turns: this.#turns.length },
      })
    return [...this.#turns.slice(0, index), { text: text ?? turn.text, clip: turn.clip, answer: null }]
  }

  #promptOf(turns: readonly Turn[]): PromptPart[] {
    const messages: ChatMessage[] = []
    for (const { text, clip, answer } of turns) {
      const words: ChatPart = { type: 'text', text }
      messages.push({ role: 'user', content: clip ? [{ type: 'video' }, words] : [words] })
      if (answer) {
        const said: ChatPart = answer.tokens ? { type: 'tokens', tokens: answer.tokens } : { type: 'text', text: answer.text }
        messages.push({ role: 'assistant', content: [said] })
      }
    }
    const clips = turns.flatMap((turn) => (turn.clip ? [turn.clip] : []))
    return this.#resources.language.prompt(messages, { addGenerationPrompt: true }).map((segment) => {
      if (segment.kind === 'tokens') return segment
      const clip = clips.shift()
      if (!clip)
        throw new TarsierError('model-damaged', "The model's chat template asks for more clips than there are. Import the model again.")
      return { kind: 'clip', clip }
    })
  }

  /** Where the conversation's limit lies, in tokens. */
  get #limit(): number {
    return Math.min(this.#resources.language.trainedContext, this.#resources.manifest.maxSequence)
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

  /** The session with enough room; a larger one replaces it, and takes from disk what was kept of the first clip. */
  async #sessionFor(
    cells: number,
    wanted: readonly PromptPart[],
    signal: AbortSignal,
  ): Promise<{ session: Session; held: HeldPrompt; restored: boolean }> {
    if (this.#session && this.#held && this.#session.capacity >= cells) return { session: this.#session, held: this.#held, restored: false }
    await this.#session?.[Symbol.asyncDispose]()
    this.#session = null
    const session = await this.#resources.language.open({ cells: Math.min(this.#limit, cells + HEADROOM) })
    const held = new HeldPrompt(session)
    this.#session = session
    this.#held = held
    const restored = await restoreState(session, held, wanted, this.#resources, signal)
    return { session, held, restored }
  }

  async *#answer(
    turns: readonly Turn[],
    wanted: readonly PromptPart[],
    sampling: Sampling,
    clock: { started: number; probe: Stopwatch },
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, void> {
    const room = this.#roomFor(wanted, sampling.maxTokens)
    const { session, held, restored } = await this.#sessionFor(room.cells, wanted, signal)
    const prefill = new Stopwatch()
    const decode = new Stopwatch()
    const encode = new Stopwatch()
    const notices: string[] = []
    let cached: Answer['cached'] = restored ? 'state' : 'nothing'
    let evaluated = 0

    for (const part of held.keepPrefixOf(wanted)) {
      if (part.kind === 'tokens') {
        await prefill.time(() => session.evaluateTokens(part.tokens, signal))
        evaluated += part.tokens.length
        held.add(part, session.mark)
        continue
      }
      yield { kind: 'stage', stage: 'looking' }
      const { clip } = part
      const [rows, columns] = clip.grid
      const start = session.mark.position
      const report = { decode, encode, onNotice: (text: string) => notices.push(text), onCached: () => (cached = 'embeddings') }
      let done = 0
      for await (const frame of clip.embed(report, signal)) {
        const planes = framePlanes(start, done, rows, columns)
        done += 1
        await prefill.time(() => session.evaluateRows(frame.rows, planes, positionAfterClip(start, done, rows, columns), signal))
        yield { kind: 'frame', frame: { index: frame.index, time: frame.time }, done, of: clip.frames.length }
      }
      evaluated += clip.cells
      held.add(part, session.mark)
    }
    const clips = turns.flatMap((turn) => (turn.clip ? [turn.clip] : []))
    for (const clip of clips) notices.unshift(...clip.info.notices, ...clip.plan.notices)
    for (const text of new Set(notices)) yield { kind: 'notice', text }

    yield { kind: 'stage', stage: 'writing' }
    const turn = turns.at(-1)
    if (!turn) throw new TarsierError('internal', 'A turn without a question cannot be answered. Please report it.')
    turn.answer = { text: '', tokens: null }
    this.#turns = turns
    const generating = performance.now()
    let firstToken = 0
    const pieces = session.generate({ ...sampling, maxTokens: room.maxTokens }, signal)
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
    const answer: Answer = {
      text: generated.text,
      finish: generated.finish,
      frames: shown?.frames ?? [],
      width: shown?.width ?? 0,
      height: shown?.height ?? 0,
      tokens: {
        visual: clips.reduce((sum, clip) => sum + clip.cells, 0),
        prompt: room.text,
        generated: generated.tokens.length,
        evaluated,
      },
      timings: {
        probe: clock.probe.milliseconds,
        decode: decode.milliseconds,
        // The tower waits for its frames, so their time is not its own.
        encode: Math.max(0, encode.milliseconds - decode.milliseconds),
        prefill: prefill.milliseconds,
        firstToken,
        generate: finished - generating,
        total: finished - clock.started,
      },
      device: this.#resources.devices(),
      notices: [...new Set(notices)],
      cached,
    }
    yield { kind: 'done', answer }
    await storeState(session, wanted, this.#resources, signal)
  }
}
