import { TarsierError } from '../../../shared/errors.ts'
import { floatToHalf, Scratch, toFloats, toHalves } from '../float-formats.ts'
import type { CheckpointDtype, TensorSource } from '../tensor-source.ts'
import { tensorTypes, type WrittenType } from './gguf-format.ts'

/** A multiple of the block sizes of all stored types, so that no chunk splits a block; small enough for the processor's cache. */
const PIECE_BYTES = 512 * 1024

/**
 * Converts a checkpoint's tensor to another type in chunks. For block types, its rows must be whole blocks. Two buffers alternate, so a
 * chunk is valid only until the second one after it is requested.
 */
export async function* convertTensor(
  source: TensorSource,
  name: string,
  type: WrittenType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { dtype } = source.info(name)
  const buffers = new ScratchBuffers()
  for await (const piece of source.stream(name, PIECE_BYTES)) {
    signal.throwIfAborted()
    yield convertPiece(piece, dtype, type, name, buffers.next())
  }
}

/**
 * Like convertTensor, for queries and keys with `headSize` rows per head. Interleaves the rows of each head's two halves, because llama.cpp
 * rotates adjacent pairs. Keeps one head in memory.
 */
export async function* convertRotaryRows(
  headSize: number,
  source: TensorSource,
  name: string,
  type: WrittenType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { dtype, shape, bytes } = source.info(name)
  const buffers = new ScratchBuffers()
  const rowBytes = bytes / (shape[0] ?? 1)
  for await (const head of source.stream(name, headSize * rowBytes)) {
    signal.throwIfAborted()
    const scratch = buffers.next()
    const turned = scratch.turned.bytes(head.byteLength)
    for (let row = 0; row < headSize; row++) {
      const from = (row % 2 === 0 ? row / 2 : (headSize + row - 1) / 2) * rowBytes
      turned.set(head.subarray(from, from + rowBytes), row * rowBytes)
    }
    yield convertPiece(turned, dtype, type, name, scratch)
  }
}

/** Memory for one chunk: reordered, as floats, converted. */
interface ScratchBuffer {
  readonly turned: Scratch
  readonly floats: Scratch
  readonly out: Scratch
}

/** Two alternating buffers, so that a chunk can be written while the next is converted. */
class ScratchBuffers {
  readonly #buffers: readonly ScratchBuffer[] = [0, 1].map(() => ({ turned: new Scratch(), floats: new Scratch(), out: new Scratch() }))
  #turn = 0

  next(): ScratchBuffer {
    this.#turn = 1 - this.#turn
    return this.#buffers[this.#turn] as ScratchBuffer
  }
}

/**
 * Converts a chunk. The result is a view of the input if no conversion is needed; otherwise it is in `scratch`, if given. Throws
 * `model-unsupported` for values outside half precision's range instead of writing infinity.
 */
export function convertPiece(
  piece: Uint8Array,
  dtype: CheckpointDtype,
  type: WrittenType,
  name: string,
  scratch?: ScratchBuffer,
): Uint8Array {
  if (type === 'F16') {
    const halves = toHalves(piece, dtype, scratch?.out)
    if (halves === null) throw tooLarge(name)
    return new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength)
  }
  const floats = toFloats(piece, dtype, type === 'Q8_0' ? scratch?.floats : scratch?.out)
  if (type === 'Q8_0') return quantizeQ8(floats, name, scratch?.out)
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
}

/**
 * Quantizes to ggml's Q8_0: 32 elements share a scale d = largest magnitude / 127, stored in half precision; each is round(x / d), halves
 * away from zero. All arithmetic is in 32 bits as in ggml's reference, so that the bytes are identical.
 */
export function quantizeQ8(values: Float32Array, name: string, scratch?: Scratch): Uint8Array {
  const { block, blockBytes } = tensorTypes.Q8_0
  const size = (values.length / block) * blockBytes
  const out = scratch ? scratch.bytes(size) : new Uint8Array(size)
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let start = 0, at = 0; start < values.length; start += block) {
    const end = start + block
    // The bits of magnitudes sort like the magnitudes, with NaN above all others.
    let largest = 0
    for (let i = start; i < end; i++) {
      const magnitude = (bits[i] as number) & 0x7fffffff
      if (magnitude > largest) largest = magnitude
    }
    word[0] = largest
    const scale = Math.fround((float[0] as number) / 127)
    const half = floatToHalf(scale)
    if ((half & 0x7c00) === 0x7c00) throw tooLarge(name)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    out[at++] = half & 0xff
    out[at++] = half >>> 8
    for (let i = start; i < end; i++) {
      const steps = (Math.abs(Math.fround((values[i] as number) * inverse)) + 0.5) | 0
      // All ones for negative numbers. A branch on the sign is mispredicted half the time and would triple the total time.
      const sign = (bits[i] as number) >> 31
      out[at++] = (steps ^ sign) - sign
    }
  }
  return out
}

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

function tooLarge(name: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `The tensor "${name}" contains values that are too large for f16. Import the checkpoint with the language precision f32.`,
    { details: { tensor: name } },
  )
}
