import { createHash, type Hash } from 'node:crypto'
import type { RemoteFile } from './repository-listing.ts'

/** Creates a hash of the type that a file's expected hash has; the caller adds the file's bytes. */
export function beginHash({ bytes, hash }: Pick<RemoteFile, 'bytes' | 'hash'>): Hash {
  if (hash.length === 128) return createHash('sha512')
  // Git hashes small files with a header that contains their length.
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}
