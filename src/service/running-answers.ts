import { EventQueue, type Step } from '../engine/host/event-queue.ts'
import type { ChatEvent, Turn } from '../shared/contract/chats.ts'
import { isAbort } from '../shared/errors.ts'
import { type Answering, CLOSING, type Question } from './answering.ts'
import type { Asker } from './run-queue.ts'

/** How long an answer continues while no page follows it: a page that is reloaded returns earlier, a closed one does not return. */
const UNFOLLOWED_MS = 60_000

/** What a page that joins late needs of the events so far. */
interface Seen {
  turn: Turn | null
  /** The answer so far. */
  text: string
  /** The last `queued` or `stage`. */
  stage: ChatEvent | null
  /** The last `frame` of this stage. */
  frame: ChatEvent | null
  readonly notices: ChatEvent[]
}

interface Running {
  readonly stop: AbortController
  readonly seen: Seen
  readonly followers: Set<EventQueue<ChatEvent>>
  whole: Promise<void>
  /** Stops the answer when nobody has followed it for a while. */
  unfollowed: ReturnType<typeof setTimeout> | undefined
}

/** Answers that run on their own: a page follows one from its start or joins it later, for example after a reload. */
export class RunningAnswers implements AsyncDisposable {
  readonly #answering: Answering
  readonly #unfollowedMs: number
  readonly #running = new Map<string, Running>()

  constructor(answering: Answering, unfollowedMs = UNFOLLOWED_MS) {
    this.#answering = answering
    this.#unfollowedMs = unfollowedMs
  }

  /** Starts an answer and follows it. Throws `usage` while one is running in this conversation. */
  async *ask(question: Question, asker: Asker, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    this.#answering.expectIdle(question.chat)
    yield* this.#events(this.#start(question, asker), signal)
  }

  /** Joins a running answer; ends at once if none is running. */
  async *follow(chat: string, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const running = this.#running.get(chat)
    if (running) yield* this.#events(running, signal)
  }

  /** Stops the answer of a conversation, if one is running, and waits for its end. */
  async stop(chat: string, reason?: DOMException): Promise<void> {
    const running = this.#running.get(chat)
    running?.stop.abort(reason)
    await running?.whole
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((chat) => this.stop(chat, CLOSING)))
  }

  #start(question: Question, asker: Asker): Running {
    const stop = new AbortController()
    const running: Running = {
      stop,
      seen: { turn: null, text: '', stage: null, frame: null, notices: [] },
      followers: new Set(),
      whole: Promise.resolve(),
      unfollowed: undefined,
    }
    this.#running.set(question.chat, running)
    running.whole = this.#run(question.chat, running, this.#answering.answer(question, asker, stop.signal))
    return running
  }

  async #run(chat: string, running: Running, events: AsyncIterable<ChatEvent>): Promise<void> {
    const { stop, seen, followers } = running
    const send = (step: Step<ChatEvent>) => {
      for (const queue of followers) queue.push(step)
    }
    let end: Step<ChatEvent> = { kind: 'result', value: null }
    try {
      for await (const event of events) {
        remember(seen, event)
        send({ kind: 'event', event })
      }
    } catch (error) {
      if (!isAbort(error) && !stop.signal.aborted)
        end = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
      else if (seen.turn) send({ kind: 'event', event: { kind: 'saved', turn: this.#answering.stored(chat, seen.turn.index) } })
    }
    clearTimeout(running.unfollowed)
    this.#running.delete(chat)
    send(end)
  }

  /** Leaving the loop leaves the answer running for a while. */
  async *#events(running: Running, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    signal.throwIfAborted()
    const { followers } = running
    const queue = new EventQueue<ChatEvent>()
    const leave = () => queue.push({ kind: 'failed', error: signal.reason as Error })
    for (const event of soFar(running.seen)) queue.push({ kind: 'event', event })
    followers.add(queue)
    signal.addEventListener('abort', leave, { once: true })
    clearTimeout(running.unfollowed)
    let ended = false
    try {
      for (;;) {
        const step = await queue.next()
        ended = step.kind !== 'event' && !signal.aborted
        if (step.kind === 'failed') throw step.error
        if (step.kind === 'result') return
        yield step.event
      }
    } finally {
      signal.removeEventListener('abort', leave)
      followers.delete(queue)
      if (!ended && followers.size === 0) running.unfollowed = setTimeout(() => running.stop.abort(), this.#unfollowedMs)
    }
  }
}

function remember(seen: Seen, event: ChatEvent): void {
  if (event.kind === 'turn') seen.turn = event.turn
  if (event.kind === 'delta') seen.text += event.text
  if (event.kind === 'frame') seen.frame = event
  if (event.kind === 'notice') seen.notices.push(event)
  if (event.kind !== 'stage' && event.kind !== 'queued') return
  seen.stage = event
  seen.frame = null
}

function soFar({ turn, text, stage, frame, notices }: Seen): ChatEvent[] {
  return [
    ...(turn ? [{ kind: 'turn', turn: { ...turn, text } } as const] : []),
    ...notices,
    ...(stage ? [stage] : []),
    ...(frame ? [frame] : []),
  ]
}
