import { TarsierError } from '../../../shared/errors.ts'
import { floatToHalf, toFloats, toHalves } from '../float-formats.ts'
import type { CheckpointDtype, TensorSource } from '../types.ts'
import { type TensorType, tensorTypes } from './gguf-format.ts'

/** A multiple of every block's bytes in every stored type, so that no piece cuts a block. */
const PIECE_BYTES = 4 * 1024 * 1024

/** A checkpoint's tensor in another type, piece by piece. For block types its rows must be whole blocks. */
export async function* convertTensor(
  source: TensorSource,
  name: string,
  type: TensorType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { dtype } = source.info(name)
  for await (const piece of source.stream(name, PIECE_BYTES)) {
    signal.throwIfAborted()
    yield convertPiece(piece, dtype, type, name)
  }
}

/**
 * The same for queries and keys of `headSize` rows a head, each head's rows in another order: a row of its first half, then its partner
 * of the second, for llama.cpp turns pairs that lie side by side. Holds one head.
 */
export async function* convertRotaryRows(
  headSize: number,
  source: TensorSource,
  name: string,
  type: TensorType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { dtype, shape, bytes } = source.info(name)
  const rowBytes = bytes / (shape[0] ?? 1)
  for await (const head of source.stream(name, headSize * rowBytes)) {
    signal.throwIfAborted()
    const turned = new Uint8Array(head.byteLength)
    for (let row = 0; row < headSize; row++) {
      const from = (row % 2 === 0 ? row / 2 : (headSize + row - 1) / 2) * rowBytes
      turned.set(head.subarray(from, from + rowBytes), row * rowBytes)
    }
    yield convertPiece(turned, dtype, type, name)
  }
}

/** Throws `model-unsupported` for numbers that half precision cannot hold, rather than writing infinity. */
export function convertPiece(piece: Uint8Array, dtype: CheckpointDtype, type: TensorType, name: string): Uint8Array {
  if (type === 'F16') {
    const halves = toHalves(piece, dtype)
    for (let i = 0; i < halves.length; i++) if (((halves[i] ?? 0) & 0x7c00) === 0x7c00) throw tooLarge(name)
    return new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength)
  }
  const floats = toFloats(piece, dtype)
  if (type === 'Q8_0') return quantizeQ8(floats, name)
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
}

/**
 * ggml's Q8_0: 32 elements share a scale d = largest magnitude / 127, kept in half precision; each is round(x / d), halves away
 * from zero, all arithmetic in 32 bits as in ggml's reference, so that the bytes are the same.
 */
export function quantizeQ8(values: Float32Array, name: string): Uint8Array {
  const { block, blockBytes } = tensorTypes.Q8_0
  const blocks = values.length / block
  const out = new Uint8Array(blocks * blockBytes)
  for (let index = 0; index < blocks; index++) {
    const start = index * block
    let largest = 0
    // Math.max, for it keeps NaN, which comparisons would lose.
    for (let i = start; i < start + block; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0))
    const scale = Math.fround(largest / 127)
    const half = floatToHalf(scale)
    if ((half & 0x7c00) === 0x7c00) throw tooLarge(name)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    let at = index * blockBytes
    out[at++] = half & 0xff
    out[at++] = half >>> 8
    for (let i = start; i < start + block; i++) {
      const steps = Math.fround((values[i] ?? 0) * inverse)
      out[at++] = steps < 0 ? -Math.floor(0.5 - steps) : Math.floor(steps + 0.5)
    }
  }
  return out
}

function tooLarge(name: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `The tensor "${name}" holds numbers that half precision cannot. Import the checkpoint with --language f32.`,
    { details: { tensor: name } },
  )
}
