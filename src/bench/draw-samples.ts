import { createHash } from 'node:crypto'

/**
 * So many samples of a data set, in their order; all where there are no more. Which they are depends on their keys alone: the same are drawn again,
 * so that what was judged once serves, and a smaller draw is part of a larger one.
 */
export function drawSamples<T extends { readonly key: string }>(samples: readonly T[], count: number): readonly T[] {
  if (count >= samples.length) return samples
  const ranked = samples
    .map(({ key }) => ({ key, rank: createHash('sha256').update(key).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const drawn = new Set(ranked.slice(0, count).map(({ key }) => key))
  return samples.filter(({ key }) => drawn.has(key))
}
