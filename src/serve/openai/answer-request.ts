import type { Service } from '../../service/service.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { readConversation } from './conversation.ts'
import { placed } from './errors.ts'
import { ignoredFields } from './ignored-fields.ts'
import type { RequestMedia } from './media.ts'
import type { ChatRequest } from './request.ts'
import { requestedSampling, samplingOfChoice } from './sampling.ts'

/** An event of a request: part of one of its answers, or a warning about something that has no effect. */
export type RequestEvent =
  | { readonly kind: 'answering'; readonly choice: number; readonly event: EngineEvent }
  | { readonly kind: 'warning'; readonly text: string }

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
    const leave = await turnOf(service, client, signal)
    try {
      const { device, cache } = service.library.settings.get()
      const engine = await service.engines.for({ model: request.model, device, cache }, key)
      for (let choice = 0; choice < (request.n ?? 1); choice += 1) {
        const turn = { kind: 'chat', messages, answerPrefix, sampling: samplingOfChoice(sampling, choice) } as const
        const events = engine.answer(key, turn, signal)
        for await (const event of events) {
          if (event.kind === 'done' && choice === 0 && requestedTokens !== null) {
            const { visual, prompt } = event.answer.tokens
            const available = Math.min(sampling.maxTokens, (await engine.load(signal)).context - visual - prompt)
            if (requestedTokens > available)
              yield { kind: 'warning', text: `max_tokens was reduced to ${available}, the number of tokens left in the model's context.` }
          }
          yield { kind: 'answering', choice, event }
        }
      }
    } finally {
      leave()
    }
  } catch (error) {
    throw placed(error, media.places)
  }
}

async function turnOf(service: Service, client: string, signal: AbortSignal): Promise<() => void> {
  const waiting = service.runs.enter(client, 'api', signal)
  for (;;) {
    const next = await waiting.next()
    if (next.done) return next.value
  }
}
