/** When an event begins, as far as the model's certainty of its words tells. */
export interface Onset {
  /** Seconds, in the clock of the frames; null if the curve has no clear step. */
  readonly time: number | null
  /** From 0 to 1: how high and how sharp the step is. */
  readonly confidence: number
  /** Last frame before the step, as a place in the curve; -1 if the first frame is after it. */
  readonly lastBefore: number
  /** First frame from which the curve stays high; the number of frames if there is none. */
  readonly firstAfter: number
}

/** Lower values are raised to this: how improbable the words are before the event says nothing about when it begins. */
const FLOOR = -14
/** Height between the low level and the high one at which an event counts as seen. */
const CROSSING = 0.7
/** Number of frames by which a model sees an event late. */
const DELAY = 0.8
/** Rise in log probability below which there is no step. */
const LEAST_RISE = 2
/** Rise from which the height of a step leaves no doubt. */
const CLEAR_RISE = 6

/**
 * Adds up the log probabilities of the tokens of a part of a text after each frame, without the punctuation at its end, which depends on what
 * follows.
 * @param scores for each frame, the log probabilities of all tokens of the text
 * @param starts place in the text where each token begins
 */
export function curveOf(
  scores: readonly Float64Array[],
  starts: readonly number[],
  { text, start }: { readonly text: string; readonly start: number },
): Float64Array {
  const end = start + text.replace(/[\s\p{P}]+$/u, '').length
  // A token with the space before a word begins before the word.
  const within = starts.flatMap((at, i) => (at < end && (starts[i + 1] ?? Number.POSITIVE_INFINITY) > start ? [i] : []))
  return Float64Array.from(scores, (tokens) => within.reduce((sum, i) => sum + (tokens[i] ?? 0), 0))
}

/**
 * Finds when an event begins from the log probability of its clause after each frame. The curve steps up where the evidence comes in: the time is
 * where it crosses 70 % of the step, less the delay with which a model sees events.
 * @param times seconds of each frame, ascending
 */
export function findOnset(curve: Float64Array, times: readonly number[]): Onset {
  const values = Array.from(curve, (value) => Math.max(FLOOR, value))
  const high = median(values.slice(-3))
  const middle = (Math.min(...values, high) + high) / 2
  const low = median(values.filter((value) => value < middle))
  const level = low + CROSSING * (high - low)
  const firstAfter = stepAt(values, level)
  const lastBefore = firstAfter - 1
  const none = { time: null, confidence: 0, lastBefore, firstAfter }
  if (firstAfter >= values.length || !(high - low >= LEAST_RISE)) return none

  const [first = 0, second = first] = times
  // What happens within the first frames has begun with the clip.
  if (firstAfter <= 2) return { ...none, time: first, confidence: heightOf(high - low) }
  const [before, after] = [values[lastBefore] as number, values[firstAfter] as number]
  const part = after > before ? Math.min(1, Math.max(0, (level - before) / (after - before))) : 1
  const [earlier, later] = [times[lastBefore] as number, times[firstAfter] as number]
  const time = earlier + part * (later - earlier) - DELAY * (second - first)
  const sharpness = Math.min(1, Math.max(0, (after - before) / (high - low)))
  return { time: Math.max(first, time), confidence: heightOf(high - low) * Math.sqrt(sharpness), lastBefore, firstAfter }
}

/** The place that parts values below a level from those above it with the fewest exceptions. */
function stepAt(values: readonly number[], level: number): number {
  let [best, fewest] = [0, Number.POSITIVE_INFINITY]
  for (let place = 0; place <= values.length; place += 1) {
    const exceptions = values.filter((value, i) => value > level === i < place).length
    if (exceptions < fewest) [best, fewest] = [place, exceptions]
  }
  return best
}

function heightOf(rise: number): number {
  return Math.min(1, rise / CLEAR_RISE)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
