import type { ModelManifest } from '../../shared/model-manifest.ts'
import { type Sampling, samplingSchema } from '../../shared/sampling.ts'
import { answerGrammar } from './answer-grammar.ts'
import type { ChatRequest } from './request.ts'

const LARGEST_SEED = 0xfffffffe
const MAX_TOKENS = 32_768

/** Sampling settings of a request, and warnings about parts that have no effect. */
export interface RequestedSampling {
  readonly sampling: Sampling
  /** Requested token limit; null if the request has none, or asks for as many as fit. */
  readonly requestedTokens: number | null
  readonly warnings: readonly string[]
}

export function requestedSampling(request: ChatRequest, { generation }: Pick<ModelManifest, 'generation'>): RequestedSampling {
  const warnings: string[] = []
  const requested = request.max_completion_tokens ?? request.max_tokens ?? null
  const stops = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])
  if (stops.includes('')) warnings.push('stop: an empty string has no effect.')
  const grammar = answerGrammar(request)
  warnings.push(...(grammar?.warnings ?? []))
  // `top_p` 0 keeps only the most likely token.
  const { top_p: topP, top_k: topK } = request
  const sampling = samplingSchema.parse({
    maxTokens: requested === -1 ? MAX_TOKENS : Math.min(MAX_TOKENS, requested ?? generation.maxTokens),
    temperature: request.temperature ?? generation.temperature,
    topP: topP === 0 ? 1 : (topP ?? generation.topP),
    topK: topP === 0 ? 1 : topK == null || topK === -1 ? undefined : topK,
    repeatPenalty: request.repetition_penalty ?? request.repeat_penalty ?? undefined,
    seed: request.seed == null || request.seed === -1 ? undefined : folded(request.seed),
    stop: stops.filter((stop) => stop !== ''),
    grammar: grammar?.grammar,
    logprobs: request.logprobs === true ? (request.top_logprobs ?? 0) : undefined,
  })
  return { sampling, requestedTokens: requested === -1 ? null : requested, warnings }
}

/** Returns the sampling of one choice; each choice has its own seed. */
export function samplingOfChoice(sampling: Sampling, choice: number): Sampling {
  return sampling.seed === undefined ? sampling : { ...sampling, seed: folded(sampling.seed + choice) }
}

/** Maps a seed to 32 bits; clients' seeds have up to 53 bits and a sign. */
function folded(seed: number): number {
  const size = LARGEST_SEED + 1
  return ((seed % size) + size) % size
}
