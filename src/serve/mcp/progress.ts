import type { ServerContext } from '@modelcontextprotocol/server'
import type { CheckTextEvent, FindEventsEvent } from '../../shared/contract/events.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'

/** Programs give up a call from which they hear nothing, often after a minute: the last message is repeated this often, in milliseconds. */
const REPEAT_MS = 10_000
/** Shortest time between two messages about the length of a text, in milliseconds. */
const WRITING_MS = 500

type CallEvent = EngineEvent | FindEventsEvent | CheckTextEvent | { readonly kind: 'timed' }

/** Reports the progress of a call to the agent's program, if it asked for that. How many steps there are is not known before the end. */
export class CallProgress implements Disposable {
  readonly #send: (step: number, message: string) => void
  readonly #repeating: NodeJS.Timeout | null
  #step = 0
  #message = 'starting'
  #characters = 0
  #written = 0
  /** The segment of a search, before the message. */
  #place = ''

  constructor({ mcpReq: { _meta, notify } }: Pick<ServerContext, 'mcpReq'>) {
    const token = _meta?.progressToken
    this.#send =
      token === undefined
        ? () => {}
        : (progress, message) => {
            const params = { progressToken: token, progress, message }
            notify({ method: 'notifications/progress', params }).catch(() => {}) // The connection is closed, which ends the call, too.
          }
    this.#repeating = token === undefined ? null : setInterval(() => this.say(this.#message), REPEAT_MS)
  }

  say(message: string): void {
    this.#message = message
    this.#step += 1
    this.#send(this.#step, message)
  }

  event(event: CallEvent): void {
    const message = this.#messageOf(event)
    if (message !== null) this.say(message)
  }

  /** Null for what is not reported. */
  #messageOf(event: CallEvent): string | null {
    switch (event.kind) {
      case 'queued':
        return `waiting for ${event.ahead} other ${event.ahead === 1 ? 'run' : 'runs'}`
      case 'stage':
        this.#characters = 0
        return `${this.#place}${event.stage}`
      case 'frame':
        return `${this.#place}frame ${event.done} of ${event.of}`
      case 'delta':
        this.#characters += event.text.length
        if (performance.now() - this.#written < WRITING_MS) return null
        this.#written = performance.now()
        return `${this.#place}writing, ${this.#characters} characters`
      case 'scored':
        return `${this.#place}finding times, frame ${event.done} of ${event.of}`
      case 'shots':
        return `finding shots, ${Math.round(event.seconds)} of ${Math.round(event.duration)} s`
      case 'segment':
        this.#place = `segment ${Math.min(event.done + 1, event.of)} of ${event.of}: `
        return `${event.done} of ${event.of} segments done`
      case 'summary':
        this.#place = ''
        return `writing the summary, ${event.done} of ${event.of} parts`
      case 'notice':
      case 'done':
      case 'saved':
      case 'checked':
      case 'timed':
        return null
      default:
        return assertNever(event, 'event')
    }
  }

  [Symbol.dispose](): void {
    if (this.#repeating) clearInterval(this.#repeating)
  }
}
