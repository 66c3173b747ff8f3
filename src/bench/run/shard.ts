import { createHash } from 'node:crypto'

/** One of `of` parts of a run, from 1. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/**
 * Whether a sample belongs to a part. It depends on the sample's key alone, never on what else is run: machines agree without talking to
 * each other, and a sample stays where it is when an annotation file grows.
 */
export function inShard(key: string, { index, of }: Shard): boolean {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6) % of === index - 1
}
