import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { writeAt } from '../../platform/write-at.ts'

/** A file in its folder: its plain name, and the sha256 of its bytes, hex. */
export interface HashedFile {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** So much is appended before it is worth waiting for the disk. */
const FLUSH_BYTES = 64 * 1024 * 1024

/** What a file begins with that is there already. */
export interface Begun {
  readonly bytes: number
  readonly hash: Hash
}

/**
 * A file that grows at its end and is hashed as it does. A piece is written while the next one is made, and the disk takes what was
 * written while more is appended: conversion, writing and syncing in turn took half as long again.
 */
export class GrowingFile {
  readonly #name: string
  readonly #handle: FileHandle
  readonly #hash: Hash
  #bytes: number
  #flushed: number
  #writing: Promise<void> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()

  private constructor(name: string, handle: FileHandle, { bytes, hash }: Begun) {
    this.#name = name
    this.#handle = handle
    this.#hash = hash
    this.#bytes = bytes
    this.#flushed = bytes
  }

  /** `flags` as for `open`; what is there beyond `begun` is cut off. */
  static async open(path: string, flags: string | number, begun: Begun = { bytes: 0, hash: createHash('sha256') }): Promise<GrowingFile> {
    const handle = await open(path, flags)
    try {
      await handle.truncate(begun.bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new GrowingFile(basename(path), handle, begun)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether enough was appended since the last {@link flush} for another. */
  get flushIsDue(): boolean {
    return this.#bytes - this.#flushed >= FLUSH_BYTES
  }

  /** The piece's memory must stay as it is until the next call has returned. A failure may be told by a later call. */
  async append(piece: Uint8Array): Promise<void> {
    await this.#writing
    this.#writing = writeAt(this.#handle, piece, this.#bytes)
    this.#writing.catch(() => {}) // told by whatever waits for it
    this.#hash.update(piece)
    this.#bytes += piece.byteLength
  }

  /**
   * Begins to bring to the disk all that was appended, and calls `then` with what is there for sure once it is. Waits for the flush
   * before this one, so that no more than two of them lie in memory.
   */
  async flush(then: (facts: HashedFile) => Promise<void> = async () => {}): Promise<void> {
    await this.#flushing
    await this.#writing
    const facts = this.#facts(this.#hash.copy())
    this.#flushed = this.#bytes
    this.#flushing = this.#handle.datasync().then(() => then(facts))
    this.#flushing.catch(() => {}) // told by whatever waits for it
  }

  /** Returns when everything is on the disk and the file is closed. */
  async finish(): Promise<HashedFile> {
    await this.#flushing
    await this.#writing
    await this.#handle.sync()
    await this.#handle.close()
    return this.#facts(this.#hash)
  }

  /** Closes it as it is, where {@link finish} was not reached; otherwise does nothing. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]) // told already, or of no interest beside what ended it
    await this.#handle.close()
  }

  #facts(hash: Hash): HashedFile {
    return { file: this.#name, bytes: this.#bytes, sha256: hash.digest('hex') }
  }
}
