/** Constants of the GGUF format, version 3, little-endian. */
export const GGUF_MAGIC = 0x46554747
export const GGUF_VERSION = 3
export const GGUF_ALIGNMENT = 32

/** Precisions that the app computes; ggml quantizes f16 to the others. */
export type WrittenPrecision = 'f32' | 'f16' | 'q8_0'

/** Tensor types of {@link WrittenPrecision}. */
export type WrittenType = 'F32' | 'F16' | 'Q8_0'
export type TensorType = WrittenType | 'Q5_0' | 'Q5_1' | 'Q4_K' | 'Q5_K' | 'Q6_K'

export interface TensorLayout {
  /** ggml's number of the type. */
  readonly code: number
  /** Elements per block. */
  readonly block: number
  readonly blockBytes: number
}

export const tensorTypes: Readonly<Record<TensorType, TensorLayout>> = {
  F32: { code: 0, block: 1, blockBytes: 4 },
  F16: { code: 1, block: 1, blockBytes: 2 },
  Q5_0: { code: 6, block: 32, blockBytes: 22 },
  Q5_1: { code: 7, block: 32, blockBytes: 24 },
  Q8_0: { code: 8, block: 32, blockBytes: 34 },
  Q4_K: { code: 12, block: 256, blockBytes: 144 },
  Q5_K: { code: 13, block: 256, blockBytes: 176 },
  Q6_K: { code: 14, block: 256, blockBytes: 210 },
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
