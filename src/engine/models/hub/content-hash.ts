import { createHash, type Hash } from 'node:crypto'
import type { RemoteFile } from './repository-listing.ts'

/** Starts the hash type that the hub gives for a file; the caller adds the file's bytes. */
export function beginHash({ bytes, hash }: Pick<RemoteFile, 'bytes' | 'hash'>): Hash {
  // Git hashes small files with a header that contains their length.
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}
