import koffi from 'koffi'
import { type LlamaApi, type Pointer, TENSOR_BYTES, TENSOR_NE_OFFSET } from './llama-header.ts'

/**
 * Aborts a running `llama_decode` from JavaScript without a JavaScript callback. llama.cpp calls `bool abort(void *data)` between the nodes
 * of its graph, from its own threads, which would have to wait for a JavaScript function. ggml exports a function with the same signature:
 * `ggml_is_empty(tensor)` returns whether any dimension is 0. So the data is memory in the layout of a tensor whose dimensions are 1, and
 * writing a 0 aborts.
 * Supported by the CPU and Metal backends; others finish the current batch.
 */
export class AbortFlag {
  readonly #tensor: Pointer = koffi.alloc('uint8_t', TENSOR_BYTES) as Pointer

  constructor(api: Pick<LlamaApi, 'setAbortCallback'>, context: Pointer, isEmpty: Pointer) {
    this.lower()
    api.setAbortCallback(context, isEmpty, this.#tensor)
  }

  lower(): void {
    koffi.encode(this.#tensor, TENSOR_NE_OFFSET, 'int64_t', [1, 1, 1, 1], 4)
  }

  raise(): void {
    koffi.encode(this.#tensor, TENSOR_NE_OFFSET, 'int64_t', [0], 1)
  }

  /** Call only after the context was freed. */
  free(): void {
    koffi.free(this.#tensor)
  }
}
