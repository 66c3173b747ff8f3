import { mean } from './figures.ts'

/** A tokenized caption and its tokenized references. */
export interface CaptionPair {
  readonly candidate: readonly string[]
  readonly references: readonly (readonly string[])[]
}

const longest = 4
/** Standard deviation of the Gaussian length penalty. */
const sigma = 6

/** N-grams of one caption, weighted by their frequency in it and their rarity among all references (TF-IDF). */
interface Weighted {
  /** Weights by n-gram length, starting with 1. */
  readonly weights: readonly ReadonlyMap<string, number>[]
  readonly norms: readonly number[]
  /** Number of bigrams: pycocoevalcap's measure of length. */
  readonly length: number
}

/**
 * Computes CIDEr as pycocoevalcap's `Cider` does (clipped, with the Gaussian length penalty and document frequencies from the references). Returns
 * the mean over all pairs and the score of each pair, from 0 to 10; the mean is NaN without pairs.
 */
export function cider(pairs: readonly CaptionPair[]): { readonly score: number; readonly scores: readonly number[] } {
  const counted = pairs.map(({ candidate, references }) => ({ candidate: ngrams(candidate), references: references.map(ngrams) }))
  const frequency = documentFrequency(counted.map(({ references }) => references))
  const logPairs = Math.log(pairs.length)
  const scores = counted.map(({ candidate, references }) => {
    const weighted = weightOf(candidate, frequency, logPairs)
    const similarities = references.map((reference) => similarity(weighted, weightOf(reference, frequency, logPairs)))
    return mean(similarities) * 10
  })
  return { score: mean(scores), scores }
}

/** Counts the n-grams, by length. Tokens contain no spaces, so a space separates them. */
function ngrams(tokens: readonly string[]): Map<string, number>[] {
  return Array.from({ length: longest }, (_, i) => {
    const counts = new Map<string, number>()
    for (let start = 0; start + i < tokens.length; start++) {
      const gram = tokens.slice(start, start + i + 1).join(' ')
      counts.set(gram, (counts.get(gram) ?? 0) + 1)
    }
    return counts
  })
}

/** For each n-gram, counts the pairs whose references contain it. */
function documentFrequency(references: readonly (readonly ReadonlyMap<string, number>[])[][]): Map<string, number> {
  const frequency = new Map<string, number>()
  for (const group of references) {
    for (const gram of new Set(group.flatMap((counts) => counts.flatMap((byLength) => [...byLength.keys()])))) {
      frequency.set(gram, (frequency.get(gram) ?? 0) + 1)
    }
  }
  return frequency
}

function weightOf(counts: readonly ReadonlyMap<string, number>[], frequency: ReadonlyMap<string, number>, logPairs: number): Weighted {
  const weights = counts.map(
    (byLength) =>
      new Map([...byLength].map(([gram, count]) => [gram, count * (logPairs - Math.log(Math.max(1, frequency.get(gram) ?? 0)))])),
  )
  return {
    weights,
    norms: weights.map((byLength) => Math.sqrt([...byLength.values()].reduce((sum, weight) => sum + weight * weight, 0))),
    length: [...(counts[1]?.values() ?? [])].reduce((sum, count) => sum + count, 0),
  }
}

/** Returns the mean over the four n-gram lengths. */
function similarity(candidate: Weighted, reference: Weighted): number {
  const delta = candidate.length - reference.length
  const penalty = Math.exp(-(delta ** 2) / (2 * sigma ** 2))
  return mean(
    candidate.weights.map((weights, i) => {
      const other = reference.weights[i] ?? new Map<string, number>()
      let product = 0
      for (const [gram, weight] of weights) {
        const theirs = other.get(gram) ?? 0
        product += Math.min(weight, theirs) * theirs
      }
      const norm = (candidate.norms[i] ?? 0) * (reference.norms[i] ?? 0)
      return (norm === 0 ? product : product / norm) * penalty
    }),
  )
}
