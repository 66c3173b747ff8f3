import { createHash } from 'node:crypto'

/**
 * Draws `count` samples of a data set, in their order; all if there are no more than that. The choice depends only on the keys, so that repeated
 * draws give the same samples and reuse their verdicts, and a smaller draw is a subset of a larger one.
 */
export function drawSamples<T extends { readonly key: string }>(samples: readonly T[], count: number): readonly T[] {
  if (count >= samples.length) return samples
  const ranked = samples
    .map(({ key }) => ({ key, rank: createHash('sha256').update(key).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const drawn = new Set(ranked.slice(0, count).map(({ key }) => key))
  return samples.filter(({ key }) => drawn.has(key))
}
