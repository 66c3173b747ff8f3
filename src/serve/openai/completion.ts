import type { Answer } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/sampling.ts'

/** What every piece of one answer has in common. */
export interface CompletionHead {
  readonly id: string
  readonly created: number
  readonly model: string
}

export function completion(head: CompletionHead, answer: Answer) {
  return {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.text, refusal: null },
        logprobs: null,
        finish_reason: finishReason(answer.finish),
      },
    ],
    usage: usageOf(answer),
    tarsier: used(answer),
  }
}

export function chunk(head: CompletionHead, delta: { readonly role?: 'assistant'; readonly content?: string }, withUsage: boolean) {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null as string | null }],
    ...(withUsage && { usage: null }),
  }
}

/** The end of a stream: why it ended and what was used; then the count of tokens where it was asked for. */
export function lastChunks(head: CompletionHead, answer: Answer, withUsage: boolean): object[] {
  const end = chunk(head, {}, withUsage)
  const [choice] = end.choices
  const last = { ...end, choices: [{ ...choice, finish_reason: finishReason(answer.finish) }], tarsier: used(answer) }
  return withUsage ? [last, { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(answer) }] : [last]
}

export function usageOf({ tokens }: Answer) {
  const prompt = tokens.visual + tokens.prompt
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens.generated,
    total_tokens: prompt + tokens.generated,
    prompt_tokens_details: { cached_tokens: Math.max(0, prompt - tokens.evaluated) },
  }
}

/** What was really done: the frames that were looked at with their times, their pixels, how long it took and where. */
function used({ frames, width, height, clips, tokens, timings, device, notices, cached, finish }: Answer) {
  return { frames, width, height, ...(clips && { clips }), tokens, timings, device, notices, cached, finish }
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
