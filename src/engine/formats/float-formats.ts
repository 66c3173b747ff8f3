import type { CheckpointDtype } from './tensor-source.ts'

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** Converts half-precision bits to a 32-bit float. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Converts the bits of a 32-bit float to half-precision bits, rounding to nearest, ties to even. Values that are too large become infinite. */
export function floatBitsToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal in half precision: a multiple of 2^-24, computed in floating point and rounded explicitly.
    word[0] = magnitude
    const steps = (float[0] ?? 0) * 2 ** 24
    const below = Math.floor(steps)
    const rest = steps - below
    return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}

/** Converts a number to half-precision bits, rounding to nearest. */
export function floatToHalf(value: number): number {
  float[0] = value
  return floatBitsToHalf(word[0] ?? 0)
}

/** Bytes of one element. */
export function dtypeBytes(dtype: CheckpointDtype): 2 | 4 {
  return dtype === 'F32' ? 4 : 2
}

/** Float value, or half-precision bits, for every 16-bit pattern; computed on first use, because checkpoints have billions of values. */
let halves: Float32Array | undefined
let fromBrain: Uint16Array | undefined

function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits))
  return halves
}

/**
 * Converts little-endian elements to 32-bit floats. F32 input is returned as a view of the same memory; otherwise the result is in `scratch`,
 * if given, because allocating memory for every chunk of a large tensor takes longer than the conversion.
 */
export function toFloats(bytes: Uint8Array, dtype: CheckpointDtype, scratch?: Scratch): Float32Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes)
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4)
  const stored = new Uint16Array(buffer, byteOffset, byteLength / 2)
  const count = stored.length
  const floats = scratch ? scratch.floats(count) : new Float32Array(count)
  if (dtype === 'BF16') {
    const pairs = new Int32Array(buffer, byteOffset, count >> 1)
    const words = new Int32Array(floats.buffer, floats.byteOffset, count)
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as number
      words[2 * i] = pair << 16
      words[2 * i + 1] = pair & 0xffff0000
    }
    if (count % 2 === 1) words[count - 1] = (stored[count - 1] as number) << 16
  } else {
    const table = halfTable()
    for (let i = 0; i < count; i++) floats[i] = table[stored[i] as number] as number
  }
  return floats
}

/**
 * Converts little-endian elements to half-precision bits, rounding to nearest, ties to even. Returns null if a value is too large or NaN.
 * Views and `scratch` as in {@link toFloats}.
 */
export function toHalves(bytes: Uint8Array, dtype: CheckpointDtype, scratch?: Scratch): Uint16Array | null {
  const { buffer, byteOffset, byteLength } = aligned(bytes)
  const count = byteLength / dtypeBytes(dtype)
  const result = dtype === 'F16' ? new Uint16Array(buffer, byteOffset, count) : scratch ? scratch.halves(count) : new Uint16Array(count)
  // Adding one to the exponent carries into the sign bit only if the exponent is all ones. Checked in the same pass, as a second pass would
  // take as long again.
  let carried = 0
  if (dtype === 'BF16') {
    const stored = new Uint16Array(buffer, byteOffset, count)
    const pairs = new Int32Array(buffer, byteOffset, count >> 1)
    const halves = new Int32Array(result.buffer, result.byteOffset, count >> 1)
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as number
      if (areNormalHalves(pair)) halves[i] = (((pair & MAGNITUDES) - BIAS_DIFFERENCE) << 3) | (pair & SIGNS)
      else carried |= brainToHalf(stored, result, 2 * i) | brainToHalf(stored, result, 2 * i + 1)
    }
    if (count % 2 === 1) carried |= brainToHalf(stored, result, count - 1)
  } else if (dtype === 'F32') {
    const words = new Uint32Array(buffer, byteOffset, count)
    for (let i = 0; i < count; i++) {
      const half = floatBitsToHalf(words[i] as number)
      carried |= (half & 0x7c00) + 0x0400
      result[i] = half
    }
  } else for (let i = 0; i < count; i++) carried |= ((result[i] as number) & 0x7c00) + 0x0400
  return (carried & 0x8000) === 0 ? result : null
}

/** Converts one number of any kind; returns its carry for {@link toHalves}. */
function brainToHalf(stored: Uint16Array, result: Uint16Array, at: number): number {
  fromBrain ??= Uint16Array.from({ length: 65536 }, (_, bits) => floatBitsToHalf((bits << 16) >>> 0))
  const half = fromBrain[stored[at] as number] as number
  result[at] = half
  return (half & 0x7c00) + 0x0400
}

/** Masks for two adjacent bfloat16 numbers in 32 bits. */
const SIGNS = 0x80008000 | 0
const MAGNITUDES = 0x7fff7fff
/** Magnitudes of the smallest bfloat16 that is normal in half precision, and of the largest that is finite. */
const MIN_NORMALS = 0x38803880
const LARGEST_FINITES = 0x477f477f
/** Difference of the exponent biases of bfloat16 and half precision. */
const BIAS_DIFFERENCE = 0x38003800

/**
 * Whether two bfloat16 numbers are both normal in half precision. This holds for nearly all weights, whose bits then only need to be
 * shifted. The bit above each magnitude stays set if the subtraction does not borrow.
 */
function areNormalHalves(pair: number): boolean {
  const magnitudes = pair & MAGNITUDES
  return (((magnitudes | SIGNS) - MIN_NORMALS) & ((LARGEST_FINITES | SIGNS) - magnitudes) & SIGNS) === SIGNS
}

/** Reusable memory: each call overwrites the previous result. */
export class Scratch {
  #buffer = new ArrayBuffer(0)

  bytes(count: number): Uint8Array {
    return new Uint8Array(this.#of(count), 0, count)
  }

  halves(count: number): Uint16Array {
    return new Uint16Array(this.#of(count * 2), 0, count)
  }

  floats(count: number): Float32Array {
    return new Float32Array(this.#of(count * 4), 0, count)
  }

  #of(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes)
    return this.#buffer
  }
}

/** Returns the bytes, or a copy if they are not 4-byte aligned. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
}
