import type { Answer, LikelyToken, TokenLogprob } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/sampling.ts'
import { captionOf } from '../../shared/shaping/shaped-answer.ts'
import type { Completion, CompletionChunk } from './response.ts'

/** Fields that all chunks of an answer share. */
export interface CompletionHead {
  readonly id: string
  readonly created: number
  readonly model: string
}

/** One of the answers to a request. */
export interface Choice {
  readonly answer: Answer
  /** Null if they were not requested. */
  readonly logprobs: readonly TokenLogprob[] | null
}

/**
 * @param warnings parts of the request that had no effect
 * @param scored requested events and support of the first answer
 */
export function completion(head: CompletionHead, choices: readonly Choice[], warnings: readonly string[], scored: object): Completion {
  return {
    ...head,
    object: 'chat.completion',
    choices: choices.map(({ answer, logprobs }, index) => ({
      index,
      message: { role: 'assistant', content: captionOf(answer.text, answer.shaped), refusal: null },
      logprobs: logprobs && logprobsOf(logprobs),
      finish_reason: finishReason(answer.finish),
    })),
    usage: usageOf(choices),
    ...extensionFields(choices, warnings, scored),
  }
}

/** Content of one chunk of a stream. */
export interface Delta {
  readonly index: number
  readonly delta: { readonly role?: 'assistant'; readonly content?: string }
  readonly logprobs?: readonly TokenLogprob[] | undefined
  readonly finish?: FinishReason
}

export function chunk(head: CompletionHead, { index, delta, logprobs, finish }: Delta, withUsage: boolean): CompletionChunk {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index, delta, logprobs: logprobs ? logprobsOf(logprobs) : null, finish_reason: finish ? finishReason(finish) : null }],
    ...(withUsage && { usage: null }),
  }
}

/** Returns the last chunks of a stream: one with the last answer's finish reason and the details, then one with token usage if requested. */
export function lastChunks(
  head: CompletionHead,
  { choices, warnings, scored }: { readonly choices: readonly Choice[]; readonly warnings: readonly string[]; readonly scored: object },
  withUsage: boolean,
): CompletionChunk[] {
  const end = { index: choices.length - 1, delta: {}, ...(choices.at(-1) && { finish: choices.at(-1)?.answer.finish }) }
  const last = { ...chunk(head, end as Delta, withUsage), ...extensionFields(choices, warnings, scored) }
  const warned = warnings.length > 0 && { warnings }
  return withUsage ? [last, { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(choices), ...warned }] : [last]
}

/** Sums token usage over all answers; their shared prompt counts once. */
function usageOf(choices: readonly Choice[]) {
  const first = choices[0]?.answer.tokens
  const prompt = first ? first.visual + first.prompt : 0
  const generated = choices.reduce((sum, { answer }) => sum + answer.tokens.generated, 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: generated,
    total_tokens: prompt + generated,
    prompt_tokens_details: { cached_tokens: Math.max(0, prompt - (first?.evaluated ?? 0)) },
  }
}

/** Returns the details of the first answer: frames with times, resolution, timings and devices, and its events and support if they were requested. */
function extensionFields(choices: readonly Choice[], warnings: readonly string[], scored: object) {
  const answer = choices[0]?.answer
  if (!answer) return {}
  const { text, ...details } = answer
  return { ...(warnings.length > 0 && { warnings }), tarsier: { ...details, ...(answer.shaped && { text }), ...scored } }
}

function logprobsOf(tokens: readonly TokenLogprob[]) {
  const likely = ({ text, bytes, logprob }: LikelyToken) => ({ token: text, logprob, bytes })
  return { content: tokens.map(({ top, ...token }) => ({ ...likely(token), top_logprobs: top.map(likely) })), refusal: null }
}

function finishReason(finish: FinishReason): 'stop' | 'length' {
  switch (finish) {
    case 'end':
    case 'stop':
    case 'repetition':
    case 'aborted':
      return 'stop'
    case 'length':
      return 'length'
    default:
      return assertNever(finish, 'reason')
  }
}
