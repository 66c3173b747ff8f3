import type { LibraryHandle } from 'koffi'
import { Scratch } from '../formats/float-formats.ts'
import { type TensorType, tensorTypes } from '../formats/gguf/gguf-format.ts'
import { callAsync, type NativeFunction } from './llama-header.ts'

/**
 * Quantizes f16 values, a whole number of blocks, on a koffi worker thread, with the bytes of llama.cpp's quantizer: blocks do not depend
 * on each other. Throws a RangeError if ggml rejects the result. The values must not change until the returned promise is settled.
 */
export type BlockQuantizer = (halves: Uint8Array, type: TensorType) => Promise<Uint8Array>

/** @param base libggml-base */
export function declareBlockQuantizer(base: LibraryHandle): BlockQuantizer {
  const toFloats: NativeFunction<[Uint8Array, Float32Array, number], void> = base.func('ggml_fp16_to_fp32_row', 'void', [
    'void *',
    'void *',
    'int64_t',
  ])
  // Type, source, destination, first value, rows, values per row, importance matrix.
  const quantize: NativeFunction<[number, Float32Array, Uint8Array, number, number, number, null], number> = base.func(
    'ggml_quantize_chunk',
    'size_t',
    ['int', 'void *', 'void *', 'int64_t', 'int64_t', 'int64_t', 'void *'],
  )
  const isValid: NativeFunction<[number, Uint8Array, number], boolean> = base.func('ggml_validate_row_data', 'bool', [
    'int',
    'void *',
    'size_t',
  ])
  const unused: Scratch[] = []
  return async (halves, type) => {
    const { code, block, blockBytes } = tensorTypes[type]
    const count = halves.byteLength / 2
    const scratch = unused.pop() ?? new Scratch()
    try {
      const floats = scratch.floats(count)
      const bytes = new Uint8Array((count / block) * blockBytes)
      await callAsync(toFloats, halves, floats, count)
      const written = await callAsync(quantize, code, floats, bytes, 0, count / block, block, null)
      if (written !== bytes.byteLength || !isValid(code, bytes, bytes.byteLength))
        throw new RangeError(`ggml could not quantize to ${type}`)
      return bytes
    } finally {
      unused.push(scratch)
    }
  }
}
