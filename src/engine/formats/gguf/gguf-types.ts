/** GGUF's value types. */
export const ggufValueTypes = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const

/** Size of a value in bytes, by type number; strings and arrays have no fixed size. */
export const ggufValueBytes: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }

/** Numbers of the tensor types that need special handling (ggml's `ggml_type`). */
export const ggufTensorTypes = { f32: 0, f16: 1, q8_0: 8, bf16: 30 } as const

/** Elements and bytes per block, by tensor type number (ggml's `type_traits`). */
export const ggufTensorBlocks: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  ...{ 0: [1, 4], 1: [1, 2], 2: [32, 18], 3: [32, 20], 6: [32, 22], 7: [32, 24], 8: [32, 34], 9: [32, 36] },
  ...{ 10: [256, 84], 11: [256, 110], 12: [256, 144], 13: [256, 176], 14: [256, 210], 15: [256, 292] },
  ...{ 16: [256, 66], 17: [256, 74], 18: [256, 98], 19: [256, 50], 20: [32, 18], 21: [256, 110], 22: [256, 82], 23: [256, 136] },
  ...{ 24: [1, 1], 25: [1, 2], 26: [1, 4], 27: [1, 8], 28: [1, 8], 29: [256, 56], 30: [1, 2], 34: [256, 54], 35: [256, 66] },
  ...{ 39: [32, 17], 40: [64, 36], 41: [128, 18], 42: [64, 18] },
}

/** Integers, doubles and block types that ggml allows for tensors but that are never used for weights; ggml's operators abort the process on them. */
export const ggufNotWeights: ReadonlySet<number> = new Set([9, 15, 24, 25, 26, 27, 28])
