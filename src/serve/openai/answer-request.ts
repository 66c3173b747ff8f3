import { rewriterFor } from '../../engine/rewriting/rewriter.ts'
import type { Service } from '../../service/service.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { isRewriting } from '../../shared/shaping/caption-shape.ts'
import { readyShape } from '../../shared/shaping/ready-shapes.ts'
import { shapedEvents } from '../../shared/shaping/shaped-answer.ts'
import { supportReport } from '../../shared/support-report.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import { readConversation } from './conversation.ts'
import { placed } from './errors.ts'
import { ignoredFields } from './ignored-fields.ts'
import type { RequestMedia } from './media.ts'
import { type ChatRequest, refused } from './request.ts'
import { requestedSampling, samplingOfChoice } from './sampling.ts'

/** An event of a request: part of one of its answers, or a warning about something that has no effect. */
export type RequestEvent =
  | { readonly kind: 'answering'; readonly choice: number; readonly event: EngineEvent }
  | { readonly kind: 'warning'; readonly text: string }
  /** Further fields of `tarsier`, about the first answer. */
  | { readonly kind: 'scored'; readonly fields: object }

export interface Answering {
  readonly service: Service
  /** Creates the storage for files of this request. */
  openMedia(): RequestMedia
  /** Identifies the request, for fair scheduling. */
  readonly client: string
}

/** Answers a request once per requested choice. All choices share one prompt, which is evaluated once. */
export async function* answerRequest(
  request: ChatRequest,
  manifest: ModelManifest,
  { service, openMedia, client }: Answering,
  signal: AbortSignal,
): AsyncGenerator<RequestEvent, void> {
  const { sampling, requestedTokens, warnings } = requestedSampling(request, manifest)
  for (const text of [...ignoredFields(request), ...warnings]) yield { kind: 'warning', text }
  await using media = openMedia()
  try {
    const probe = (path: string) => service.media.probe(path, signal)
    const { key, messages, answerPrefix } = await readConversation(request, { media, manifest, probe }, signal)
    const { events: wantsEvents, support: wantsSupport, shape: wanted = null } = request.tarsier ?? {}
    const shape = typeof wanted === 'string' ? (readyShape(wanted) ?? null) : wanted
    const clips = messages.flatMap(({ content }) => content.filter(({ kind }) => kind === 'clip'))
    if ((wantsEvents || wantsSupport || isRewriting(shape)) && clips.length !== 1)
      throw refused('tarsier', 'events, support and rewritten captions need messages with exactly one clip')
    const leave = await turnOf(service, client, signal)
    try {
      const { device, cache } = service.library.settings.get()
      const engine = await service.engines.for({ model: request.model, device, cache }, key)
      for (let choice = 0; choice < (request.n ?? 1); choice += 1) {
        const turn = { kind: 'chat', messages, answerPrefix, sampling: samplingOfChoice(sampling, choice) } as const
        const rewriter = rewriterFor({
          engine,
          home: service.home,
          conversation: key,
          turn: { kind: 'chat', messages, answerPrefix: '' },
          signal,
        })
        const events = shapedEvents(engine.answer(key, turn, signal), shape, rewriter)
        let answered = ''
        for await (const event of events) {
          if (event.kind === 'done' && choice === 0 && requestedTokens !== null) {
            const { visual, prompt } = event.answer.tokens
            const available = Math.min(sampling.maxTokens, (await engine.load(signal)).context - visual - prompt)
            if (requestedTokens > available)
              yield { kind: 'warning', text: `max_tokens was reduced to ${available}, the number of tokens left in the model's context.` }
          }
          if (event.kind === 'done') answered = event.answer.text
          yield { kind: 'answering', choice, event }
        }
        if (choice > 0 || !(wantsEvents || wantsSupport) || answered.trim() === '') continue
        const scoring = { turn: { kind: 'chat', messages, answerPrefix }, text: answered } as const
        for await (const event of engine.timeText(key, scoring, signal)) {
          if (event.kind !== 'timed') continue
          const { timed } = event
          const { sentences } = supportReport('', timed)
          yield {
            kind: 'scored',
            fields: { ...(wantsEvents && { events: eventFields(timed) }), ...(wantsSupport && { support: sentences }) },
          }
        }
      }
    } finally {
      leave()
    }
  } catch (error) {
    throw placed(error, media.places)
  }
}

function eventFields({ clauses }: TimedText) {
  return clauses.map(({ text, begins, ends, confidence }) => ({ text, start: begins, end: begins === null ? null : ends, confidence }))
}

async function turnOf(service: Service, client: string, signal: AbortSignal): Promise<() => void> {
  const waiting = service.runs.enter(client, 'api', signal)
  for (;;) {
    const next = await waiting.next()
    if (next.done) return next.value
  }
}
