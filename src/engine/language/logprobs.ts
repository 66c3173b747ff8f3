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

/** Powers of e from 1 down to e^-32 in steps of 1/256: less than that adds nothing to a sum over any vocabulary. */
const STEPS = 256
const POWERS = Float64Array.from({ length: 32 * STEPS + 1 }, (_, i) => Math.exp(-i / STEPS))

/**
 * Natural logarithm of the sum of the powers of e, to 1e-8. With a vocabulary of 152,000, `Math.exp` for every logit takes 4 to 12 ms a token,
 * which is too long for a text that is scored after every frame; the table with the next two terms of the series takes 0.7 ms.
 */
function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY
  const { length } = logits
  // Indices, because iterating over a typed array takes three times as long.
  for (let i = 0; i < length; i += 1) {
    const logit = logits[i] as number
    if (logit > max) max = logit
  }
  let sum = 0
  const end = POWERS.length - 1
  for (let i = 0; i < length; i += 1) {
    const below = (max - (logits[i] as number)) * STEPS
    if (!(below < end)) continue
    const step = Math.floor(below)
    const rest = (step - below) / STEPS
    sum += (POWERS[step] as number) * (1 + rest * (1 + rest / 2))
  }
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
