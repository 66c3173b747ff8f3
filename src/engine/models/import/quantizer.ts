import { availableParallelism } from 'node:os'
import { memoryLimit } from '../../../platform/memory-limit.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { megabytesText } from '../../../shared/size-text.ts'
import { type ChildEnd, childEntry, NodeChild } from '../../child-process.ts'
import type { TensorType } from '../../formats/gguf/gguf-format.ts'
import type { QuantizeAnswer, QuantizeRequest, QuantizeTask } from './quantize-process.ts'

/** Memory of the process with llama.cpp loaded and pieces of tensors in progress. */
const PROCESS_BYTES = 300e6

interface Pending {
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** ggml's quantizer in a separate process on all cores, until disposed or aborted. */
export class Quantizer implements AsyncDisposable {
  readonly #child: NodeChild<QuantizeRequest, QuantizeAnswer>
  readonly #pending = new Map<number, Pending>()
  readonly #stop = () => void this.#child.kill()
  #requests = 0
  #end: unknown

  /** Throws `out-of-memory` if memory would not suffice. */
  static start(signal: AbortSignal): Quantizer {
    signal.throwIfAborted()
    expectMemory()
    return new Quantizer(signal)
  }

  private constructor(signal: AbortSignal) {
    this.#child = new NodeChild<QuantizeRequest, QuantizeAnswer>(
      childEntry(import.meta.url, 'quantize-process'),
      (answer) => {
        const pending = this.#pending.get(answer.id)
        this.#pending.delete(answer.id)
        if ('bytes' in answer) pending?.resolve(answer.bytes)
        else pending?.reject(TarsierError.fromData(answer.error))
      },
      (end) => {
        signal.removeEventListener('abort', this.#stop)
        this.#end = signal.aborted ? signal.reason : crashed(end)
        for (const { reject } of this.#pending.values()) reject(this.#end)
        this.#pending.clear()
      },
      // koffi's worker threads are libuv's, which has four by default.
      { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) },
    )
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  /**
   * Quantizes a small GGUF that has been checked into another file. `fileType` is llama.cpp's number. Throws `model-damaged`, `write-failed`,
   * `disk-full`, `out-of-memory`, `engine-crashed`.
   */
  async file(source: string, destination: string, fileType: number): Promise<void> {
    await this.#request({ kind: 'file', source, destination, fileType })
  }

  /** Quantizes f16 values, a whole number of blocks; their memory may be reused at once. Throws `engine-crashed`. */
  blocks(halves: Uint8Array, type: TensorType): Promise<Uint8Array> {
    return this.#request({ kind: 'blocks', halves, type })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.kill()
  }

  #request(task: QuantizeTask): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const id = this.#requests++
      this.#pending.set(id, { resolve, reject })
      this.#child.send({ id, task })
    })
  }
}

function expectMemory(): void {
  const [needed, free] = [PROCESS_BYTES, memoryLimit()]
  if (needed <= free) return
  throw new TarsierError(
    'out-of-memory',
    `Quantizing the language model takes ${megabytesText(needed)} of memory, but only ${megabytesText(free)} are free. Close other programs, or import the model in q8_0, which needs no quantizer.`,
    { details: { needed, free } },
  )
}

function crashed({ why, lastLine, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'engine-crashed',
    `Quantizing the language model stopped unexpectedly (${why}). The system may have stopped it because memory was low. Close other programs and import again, or import the model in q8_0, which needs no quantizer.`,
    { cause, details: { why, said: lastLine } },
  )
}
