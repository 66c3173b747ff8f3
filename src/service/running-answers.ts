import { EventQueue, type Step } from '../engine/host/event-queue.ts'
import type { ChatEvent } from '../shared/contract/chats.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import { type Answering, CLOSING, type Question } from './answering.ts'
import type { Asker } from './run-queue.ts'

/** How long an answer continues while no page follows it: a page that is reloaded returns earlier, a closed one does not return. */
const UNFOLLOWED_MS = 60_000

/** What a page that joins late needs of the events so far. */
interface Seen {
  turn: Extract<ChatEvent, { kind: 'turn' }> | null
  /** The answer so far. */
  text: string
  /** The last `queued` or `stage`. */
  stage: ChatEvent | null
  /** The last `frame` of this stage. */
  frame: ChatEvent | null
  readonly notices: ChatEvent[]
}

/** A stream of events to a client, which is a page or another program. */
interface Follower {
  readonly client: string
  readonly queue: EventQueue<ChatEvent>
}

interface Running {
  /** Null for an answer of a batch, which only the batch stops. */
  readonly stop: AbortController | null
  readonly seen: Seen
  readonly followers: Set<Follower>
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
    yield* this.#events(this.#start(question, asker), asker.client, signal)
  }

  /**
   * Runs an answer of a batch, which pages can join. It neither needs followers nor is stopped by them: only leaving the loop or aborting ends it.
   * Throws `usage` while another answer is running in this conversation.
   */
  async *ofBatch(question: Question, asker: Asker, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    this.#answering.expectIdle(question.chat)
    yield* this.#published(question.chat, this.#add(question.chat, null), this.#answering.answer(question, asker, signal))
  }

  /** Joins a running answer; ends at once if none is running. */
  async *follow(chat: string, client: string, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    const running = this.#running.get(chat)
    if (running) yield* this.#events(running, client, signal)
  }

  /** Stops the answer of a conversation for all who follow it, and waits for its end. Throws `usage` for an answer of a batch. */
  async stop(chat: string): Promise<void> {
    const running = this.#running.get(chat)
    if (!running) return
    if (!running.stop) throw new TarsierError('usage', 'This answer belongs to a batch. Pause the batch to stop it.')
    running.stop.abort()
    await running.whole
  }

  /** Stops the answer of a conversation if this client alone follows it, and the client does not want to return. */
  async leave(chat: string, client: string): Promise<void> {
    const running = this.#running.get(chat)
    const clients = new Set([...(running?.followers ?? [])].map((follower) => follower.client))
    if (running?.stop && clients.size === 1 && clients.has(client)) await this.stop(chat)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#running.values()]
    for (const { stop } of all) stop?.abort(CLOSING)
    // Batches end their own.
    await Promise.all(all.map(({ whole }) => whole))
  }

  #start(question: Question, asker: Asker): Running {
    const stop = new AbortController()
    const running = this.#add(question.chat, stop)
    const events = this.#published(question.chat, running, this.#answering.answer(question, asker, stop.signal))
    running.whole = drain(events)
    return running
  }

  #add(chat: string, stop: AbortController | null): Running {
    const running: Running = {
      stop,
      seen: { turn: null, text: '', stage: null, frame: null, notices: [] },
      followers: new Set(),
      whole: Promise.resolve(),
      unfollowed: undefined,
    }
    this.#running.set(chat, running)
    return running
  }

  /** Passes events on to the followers, and then to the caller. */
  async *#published(chat: string, running: Running, events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent, void> {
    const { stop, seen, followers } = running
    const send = (step: Step<ChatEvent>) => {
      for (const { queue } of followers) queue.push(step)
    }
    let end: Step<ChatEvent> = { kind: 'result', value: null }
    try {
      for await (const event of events) {
        remember(seen, event)
        send({ kind: 'event', event })
        yield event
      }
    } catch (error) {
      if (!isAbort(error) && !stop?.signal.aborted)
        end = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
      else if (seen.turn) send({ kind: 'event', event: { kind: 'saved', turn: this.#answering.stored(chat, seen.turn.turn.index) } })
      throw error
    } finally {
      clearTimeout(running.unfollowed)
      this.#running.delete(chat)
      send(end)
    }
  }

  /** Leaving the loop leaves the answer running for a while. */
  async *#events(running: Running, client: string, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    signal.throwIfAborted()
    const { followers, stop } = running
    const queue = new EventQueue<ChatEvent>()
    const leave = () => queue.push({ kind: 'failed', error: signal.reason as Error })
    for (const event of soFar(running.seen)) queue.push({ kind: 'event', event })
    const follower = { client, queue }
    followers.add(follower)
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
      followers.delete(follower)
      if (stop && !ended && followers.size === 0) running.unfollowed = setTimeout(() => stop.abort(), this.#unfollowedMs)
    }
  }
}

/** Runs an answer to its end. What stops or fails it is reported to its followers. */
async function drain(events: AsyncIterable<ChatEvent>): Promise<void> {
  try {
    for await (const _ of events);
  } catch {
    // Reported to the followers.
  }
}

function remember(seen: Seen, event: ChatEvent): void {
  if (event.kind === 'turn') seen.turn = event
  if (event.kind === 'delta') seen.text += event.text
  if (event.kind === 'frame') seen.frame = event
  if (event.kind === 'notice') seen.notices.push(event)
  if (event.kind !== 'stage' && event.kind !== 'queued') return
  seen.stage = event
  seen.frame = null
}

function soFar({ turn, text, stage, frame, notices }: Seen): ChatEvent[] {
  return [...(turn ? [{ ...turn, turn: { ...turn.turn, text } }] : []), ...notices, ...(stage ? [stage] : []), ...(frame ? [frame] : [])]
}
