import type { TokenLogprob } from '../../shared/engine-events.ts'
import type { RequestEvent } from './answer-request.ts'
import { type Choice, type CompletionHead, chunk, completion, lastChunks } from './completion.ts'
import { apiError } from './errors.ts'

/** Collects the events of a request. */
class Collected {
  readonly choices: Choice[] = []
  readonly warnings: string[] = []
  scored: object = {}
  readonly #logprobs: boolean
  #tokens: TokenLogprob[] = []

  constructor(logprobs: boolean) {
    this.#logprobs = logprobs
  }

  add(event: RequestEvent): void {
    if (event.kind === 'warning') this.warnings.push(event.text)
    else if (event.kind === 'scored') this.scored = event.fields
    else if (event.event.kind === 'delta') this.#tokens.push(...(event.event.logprobs ?? []))
    else if (event.event.kind === 'done') {
      this.choices.push({ answer: event.event.answer, logprobs: this.#logprobs ? this.#tokens : null })
      this.#tokens = []
    }
  }
}

/** Returns the complete response, without streaming. */
export async function completeAnswer(events: AsyncIterable<RequestEvent>, head: CompletionHead, logprobs: boolean): Promise<object> {
  const collected = new Collected(logprobs)
  for await (const event of events) collected.add(event)
  return completion(head, collected.choices, collected.warnings, collected.scored)
}

export interface StreamOptions {
  readonly withUsage: boolean
  readonly logprobs: boolean
  /** Whether answers have a shape, and are therefore sent when they are whole. */
  readonly shaped: boolean
  /** Known folders of the server, which no message contains. */
  readonly folders: readonly string[]
}

/** Streams server-sent events. Waits for the first event before the response starts, so that immediate errors are sent with their status. */
export async function streamedAnswer(
  events: AsyncGenerator<RequestEvent, void>,
  head: CompletionHead,
  options: StreamOptions,
  stop: AbortController,
): Promise<Response> {
  const collected = new Collected(options.logprobs)
  let first = await events.next()
  // Warnings are the first events, before any work.
  for (; !first.done && first.value.kind === 'warning'; first = await events.next()) collected.add(first.value)
  const lines = sse(events, first, head, { ...options, collected })
  return sseResponse(lines, stop)
}

/** Sends lines as server-sent events. `stop` is aborted when the client leaves. */
export function sseResponse(lines: AsyncGenerator<string, void>, stop: AbortController): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await lines.next()
      if (next.done) controller.close()
      else controller.enqueue(encoder.encode(next.value))
    },
    async cancel() {
      stop.abort()
      // No further `pull` follows, so end the generator at its current `yield`.
      await lines.return()
    },
  })
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' },
  })
}

async function* sse(
  events: AsyncGenerator<RequestEvent, void>,
  first: IteratorResult<RequestEvent, void>,
  head: CompletionHead,
  { withUsage, shaped, folders, collected }: StreamOptions & { readonly collected: Collected },
): AsyncGenerator<string, void> {
  const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
  let lastChoice = -1
  try {
    for (let next = first; !next.done; next = await events.next()) {
      const received = next.value
      collected.add(received)
      if (received.kind !== 'answering') continue
      const { choice: index, event } = received
      if (index > lastChoice) {
        // Finish the previous choice. The end of the last choice is sent with the usage.
        const over = collected.choices.at(-1)
        if (over) yield data(chunk(head, { index: lastChoice, delta: {}, finish: over.answer.finish }, withUsage))
        lastChoice = index
        yield data(chunk(head, { index, delta: { role: 'assistant', content: '' } }, withUsage))
      }
      if (event.kind === 'delta' && !shaped)
        yield data(chunk(head, { index, delta: { content: event.text }, logprobs: event.logprobs }, withUsage))
      else if (event.kind === 'done' && event.answer.shaped)
        yield data(chunk(head, { index, delta: { content: event.answer.shaped.text } }, withUsage))
      // A comment, which clients ignore. It keeps the connection from being closed as idle.
      else if (event.kind === 'frame') yield `: encoded frame ${event.done} of ${event.of}\n\n`
    }
    for (const last of lastChunks(head, collected, withUsage)) yield data(last)
    yield 'data: [DONE]\n\n'
  } catch (error) {
    yield data(apiError(error, folders).body)
  } finally {
    await events.return()
  }
}
