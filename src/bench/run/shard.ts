import { createHash } from 'node:crypto'

/** One of `of` parts of a run, counted from 1. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/**
 * Whether a sample belongs to a part. Depends only on the sample's key: machines agree without communication, and a sample stays in its part when
 * an annotation file grows.
 */
export function inShard(key: string, { index, of }: Shard): boolean {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6) % of === index - 1
}
