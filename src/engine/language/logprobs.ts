import type { LikelyToken, TokenLogprob } from '../../shared/engine-events.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Log probability of a token from the model's unmodified logits, with the `count` most likely tokens. */
export function tokenLogprob(tokenizer: Tokenizer, logits: Float32Array, token: number, count: number): TokenLogprob {
  const all = logSumExp(logits)
  const likely = (one: number): LikelyToken => {
    const bytes = tokenizer.spelling(one)
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), bytes: [...bytes], logprob: (logits[one] ?? 0) - all }
  }
  return { ...likely(token), top: likeliest(logits, count).map(likely) }
}

/** Natural logarithm of the probability of one token, from the logits of the whole vocabulary. */
export function logSoftmaxAt(logits: Float32Array, token: number): number {
  return (logits[token] ?? Number.NEGATIVE_INFINITY) - logSumExp(logits)
}

function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > max) max = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - max)
  return max + Math.log(sum)
}

/** Tokens with the greatest logits in descending order; ties in the order of their ids. */
function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = []
  if (count === 0) return best
  for (const [token, logit] of logits.entries()) {
    if (best.length === count && logit <= (logits[best.at(-1) ?? 0] ?? 0)) continue
    const place = best.findIndex((other) => (logits[other] ?? 0) < logit)
    best.splice(place === -1 ? best.length : place, 0, token)
    if (best.length > count) best.pop()
  }
  return best
}

/** Holds the log probabilities of tokens until their text is shown; those of a stop string are never returned. */
export class LogprobQueue {
  readonly #waiting: { readonly entry: TokenLogprob; readonly start: number }[] = []
  #bytes = 0

  /** @param bytes number of bytes that the token adds to the text */
  add(entry: TokenLogprob, bytes: number): void {
    this.#waiting.push({ entry, start: this.#bytes })
    this.#bytes += bytes
  }

  /** Removes and returns the tokens that start within the first `shown` bytes of the text. */
  take(shown: number): TokenLogprob[] {
    const hidden = this.#waiting.findIndex(({ start }) => start >= shown)
    return this.#waiting.splice(0, hidden === -1 ? this.#waiting.length : hidden).map(({ entry }) => entry)
  }
}
