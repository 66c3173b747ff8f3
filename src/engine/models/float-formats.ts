import type { CheckpointDtype } from './types.ts'

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

/** A half-precision number's bits as a 32-bit float. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The nearest half-precision number's bits, ties to even, of a 32-bit float given by its bits. What is too large becomes infinite. */
export function floatBitsToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude < 0x38800000) {
    // Subnormal in half precision: a multiple of 2^-24, counted in floating point and rounded by hand.
    word[0] = magnitude
    const steps = (float[0] ?? 0) * 2 ** 24
    const below = Math.floor(steps)
    const rest = steps - below
    return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}

/** The nearest half-precision number's bits. */
export function floatToHalf(value: number): number {
  float[0] = value
  return floatBitsToHalf(word[0] ?? 0)
}

/** Bytes of one element. */
export function dtypeBytes(dtype: CheckpointDtype): 2 | 4 {
  return dtype === 'F32' ? 4 : 2
}

/** Every 16-bit pattern's value or half-precision bits, worked out when first needed: checkpoints hold billions of them. */
let halves: Float32Array | undefined
let fromBrain: Uint16Array | undefined

function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits))
  return halves
}

function brainToHalfTable(): Uint16Array {
  fromBrain ??= Uint16Array.from({ length: 65536 }, (_, bits) => floatBitsToHalf((bits << 16) >>> 0))
  return fromBrain
}

/** Little-endian elements as 32-bit floats; a view of the same memory where they are that already. */
export function toFloats(bytes: Uint8Array, dtype: CheckpointDtype): Float32Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes, dtypeBytes(dtype))
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4)
  const stored = new Uint16Array(buffer, byteOffset, byteLength / 2)
  const floats = new Float32Array(stored.length)
  if (dtype === 'BF16') {
    const words = new Uint32Array(floats.buffer)
    for (let i = 0; i < stored.length; i++) words[i] = (stored[i] ?? 0) << 16
  } else {
    const table = halfTable()
    for (let i = 0; i < stored.length; i++) floats[i] = table[stored[i] ?? 0] ?? 0
  }
  return floats
}

/** Little-endian elements as half-precision bits, nearest, ties to even; too large ones become infinite. A view where they are that already. */
export function toHalves(bytes: Uint8Array, dtype: CheckpointDtype): Uint16Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes, dtypeBytes(dtype))
  if (dtype === 'F16') return new Uint16Array(buffer, byteOffset, byteLength / 2)
  if (dtype === 'BF16') {
    const table = brainToHalfTable()
    const stored = new Uint16Array(buffer, byteOffset, byteLength / 2)
    const result = new Uint16Array(stored.length)
    for (let i = 0; i < stored.length; i++) result[i] = table[stored[i] ?? 0] ?? 0
    return result
  }
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4)
  const result = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) result[i] = floatBitsToHalf(words[i] ?? 0)
  return result
}

/** The bytes themselves, or a copy where they do not lie on the element's border. */
function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice()
}
