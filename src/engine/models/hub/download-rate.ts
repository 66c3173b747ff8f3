import type { Readable } from 'node:stream'

/** Maximum number of buffered bytes before the stream is paused. */
const MAX_WAITING = 4 * 1024 * 1024

/**
 * Iterates over the chunks of a stream. Unlike the stream's own iterator, it yields all received chunks before it throws an error. The
 * stream's iterator drops its buffer, so that every broken connection would lose received bytes.
 */
export class DownloadRate {
  readonly #stream: Readable
  readonly #waiting: Uint8Array[] = []
  #bytes = 0
  #ended = false
  #failure: unknown = null
  #wake: () => void = () => {}

  constructor(stream: Readable) {
    this.#stream = stream
    stream.on('data', (piece: Uint8Array) => {
      this.#waiting.push(piece)
      this.#bytes += piece.byteLength
      if (this.#bytes > MAX_WAITING) stream.pause()
      this.#wake()
    })
    stream.once('end', () => this.#end(null))
    stream.on('error', (error: unknown) => this.#end(error))
    stream.once('close', () => this.#end(null))
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let piece = this.#waiting.shift(); piece; piece = this.#waiting.shift()) {
        this.#bytes -= piece.byteLength
        if (this.#bytes <= MAX_WAITING / 2) this.#stream.resume()
        yield piece
      }
      if (this.#failure !== null) throw this.#failure
      if (this.#ended) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  cancel(): void {
    this.#waiting.length = 0
    this.#stream.destroy()
  }

  #end(failure: unknown): void {
    if (!this.#ended) this.#failure = failure
    this.#ended = true
    this.#wake()
  }
}
