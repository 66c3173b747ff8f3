/** Constants of the GGUF format, version 3, little-endian. */
export const GGUF_MAGIC = 0x46554747
export const GGUF_VERSION = 3
export const GGUF_ALIGNMENT = 32

/** Precisions of the app's own writer; llama.cpp quantizes from f16 to others. */
export type WrittenPrecision = 'f32' | 'f16' | 'q8_0'

export type TensorType = 'F32' | 'F16' | 'Q8_0'

/** Number of a tensor type, elements per block, and bytes per block. */
export const tensorTypes: Readonly<Record<TensorType, { readonly code: number; readonly block: number; readonly blockBytes: number }>> = {
  F32: { code: 0, block: 1, blockBytes: 4 },
  F16: { code: 1, block: 1, blockBytes: 2 },
  Q8_0: { code: 8, block: 32, blockBytes: 34 },
}

/** Bytes of a tensor; its rows must be whole blocks. */
export function tensorBytes(type: TensorType, elements: number): number {
  const { block, blockBytes } = tensorTypes[type]
  return (elements / block) * blockBytes
}

/** The next multiple of the alignment. */
export function aligned(position: number, alignment: number = GGUF_ALIGNMENT): number {
  return Math.ceil(position / alignment) * alignment
}
