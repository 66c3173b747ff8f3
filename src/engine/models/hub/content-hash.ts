import { createHash, type Hash } from 'node:crypto'
import type { RemoteFile } from './repository-listing.ts'

/** Begins the hash that the hub gives for a file; its bytes are added by the caller. */
export function beginHash({ bytes, hash }: Pick<RemoteFile, 'bytes' | 'hash'>): Hash {
  // git hashes a small file together with a head that tells its length.
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}
