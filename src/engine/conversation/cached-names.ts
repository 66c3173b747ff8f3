import { createHash } from 'node:crypto'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { DiskCache } from './disk-cache.ts'

/** Part of the key of cached data. Increased when decoding gives different frames than before. */
const CACHE_VERSION = 2

/** The part of a key that is known without a model in memory. */
export interface CachedClip {
  /** Size and SHA-256 of the file. */
  readonly bytes: number
  readonly hash: string
  /** Its frames, and their size for the tower in pixels. */
  readonly indices: readonly number[]
  readonly width: number
  readonly height: number
  readonly manifest: ModelManifest
}

/** Start of the names of all data of files of this size, so that an uncached clip need not be hashed before it is decoded. */
export function sizePrefix(bytes: number): string {
  return `${bytes.toString(36)}-`
}

/** Start of the names of all data of a clip with these frames. The rest depends on devices, and for KV on the text before the clip. */
export function cachedPrefix({ bytes, hash, indices, width, height, manifest }: CachedClip): string {
  return `${sizePrefix(bytes)}${nameKey([CACHE_VERSION, hash, indices, width, height, manifest.vision.sha256, manifest.preprocessing])}-`
}

/** The part of a name that stands for values. */
export function nameKey(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32)
}

/**
 * Tells which data of a clip the cache has, without loading the model: KV (`state`) and embeddings (`rows`). They are usable only with the devices, and KV
 * only with the text before the clip, for which they were stored.
 */
export async function cachedData(cache: DiskCache, clip: CachedClip): Promise<{ readonly state: boolean; readonly rows: boolean }> {
  const prefix = cachedPrefix(clip)
  return { state: await cache.hasPrefix(prefix, '.state'), rows: await cache.hasPrefix(prefix, '.rows') }
}
