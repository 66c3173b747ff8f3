import koffi from 'koffi'
import { type LlamaApi, type Pointer, TENSOR_BYTES, TENSOR_NE_OFFSET } from './llama-header.ts'

/**
 * Stops a running `llama_decode` from JavaScript without a callback into it. llama.cpp asks `bool abort(void *data)`
 * between the nodes of its graph, from its own threads, where a JavaScript function would have to be waited for. ggml
 * itself exports a function of just that shape: `ggml_is_empty(tensor)` tells whether any dimension is 0. So the data is
 * a tensor's worth of memory whose dimensions are 1, and to abort is to write a 0.
 * Obeyed by the CPU and Metal backends; others finish the batch they are at.
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

  /** Only once the context is gone. */
  free(): void {
    koffi.free(this.#tensor)
  }
}
