import { createHash, type Hash } from 'node:crypto'

const CHUNK = 1 << 20

/** Source of bytes, usually an open file. */
export interface ByteSource {
  read(into: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** Invalid contents of a GGUF. */
export class GgufError extends Error {
  override readonly name = 'GgufError'
}

/** Reads a GGUF's header sequentially in chunks, never past the file's end, and hashes it. */
export class GgufReader {
  readonly size: number
  readonly #file: ByteSource
  readonly #hash: Hash = createHash('sha256')
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #buffer = Buffer.alloc(0)
  /** Offset of the buffer in the file, and current position in the buffer. */
  #start = 0
  #at = 0

  constructor(file: ByteSource, size: number) {
    this.#file = file
    this.size = size
  }

  get position(): number {
    return this.#start + this.#at
  }

  get left(): number {
    return this.size - this.position
  }

  async u32(): Promise<number> {
    return (await this.#take(4)).readUInt32LE()
  }

  /** Reads a 64-bit number; throws for values above 2^53, which are never valid as a count. */
  async u64(what: string): Promise<number> {
    const value = Number((await this.#take(8)).readBigUInt64LE())
    if (!Number.isSafeInteger(value)) throw new GgufError(`${what} is ${value}`)
    return value
  }

  async bytes(length: number): Promise<Buffer> {
    return this.#take(length)
  }

  /** Reads a string; `most` is the maximum plausible length in bytes. */
  async text(what: string, most: number): Promise<string> {
    const length = await this.u64(`the length of ${what}`)
    if (length > most) throw new GgufError(`${what} is ${length} bytes long`)
    const bytes = await this.#take(length)
    try {
      return this.#decoder.decode(bytes)
    } catch (error) {
      throw new GgufError(`${what} is not UTF-8`, { cause: error })
    }
  }

  async skip(length: number, what: string): Promise<void> {
    if (length > this.left) throw new GgufError(`${what} extends beyond the end of the file`)
    for (let rest = length; rest > 0; ) {
      const some = Math.min(rest, CHUNK)
      await this.#take(some)
      rest -= some
    }
  }

  /** Skips strings; a vocabulary has hundreds of thousands. */
  async skipStrings(count: number, what: string, most: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      if (this.#at + 8 > this.#buffer.length) await this.#refill(Math.min(8, this.left))
      if (this.left < 8) throw new GgufError('it is truncated')
      const length = Number(this.#buffer.readBigUInt64LE(this.#at))
      if (length > most) throw new GgufError(`an entry of ${what} is ${length} bytes long`)
      this.#at += 8
      if (this.#at + length <= this.#buffer.length) this.#at += length
      else await this.skip(length, what)
    }
  }

  /** Hash of all bytes read so far. */
  digest(): string {
    return this.#hash.update(this.#buffer.subarray(0, this.#at)).digest('hex')
  }

  async #take(length: number): Promise<Buffer> {
    if (length > this.left) throw new GgufError('it is truncated')
    if (this.#at + length > this.#buffer.length) await this.#refill(length)
    const taken = this.#buffer.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  async #refill(length: number): Promise<void> {
    this.#hash.update(this.#buffer.subarray(0, this.#at))
    this.#start += this.#at
    this.#at = 0
    const wanted = Math.min(Math.max(length, CHUNK), this.size - this.#start)
    const buffer = Buffer.alloc(wanted)
    let filled = 0
    while (filled < wanted) {
      const { bytesRead } = await this.#file.read(buffer, filled, wanted - filled, this.#start + filled)
      if (bytesRead === 0) throw new GgufError('it was truncated while it was read')
      filled += bytesRead
    }
    this.#buffer = buffer
  }
}
