import { TarsierError } from '../../../shared/errors.ts'
import { type Scratch, toFloats, toHalves } from '../float-formats.ts'
import type { CheckpointDtype } from '../tensor-source.ts'

/** Storage precisions of weights that are not quantized. */
export type FloatPrecision = 'f32' | 'f16'

/**
 * Converts little-endian bytes from the checkpoint's element type to the tower's. Throws for values outside half precision's range. The
 * result is in `scratch`, if given.
 */
export function convertBytes(bytes: Uint8Array, from: CheckpointDtype, to: FloatPrecision, name: string, scratch?: Scratch): Uint8Array {
  if (to === 'f32') return bytesOf(toFloats(bytes, from, scratch))
  const halves = toHalves(bytes, from, scratch)
  if (halves === null) throw tooLarge(name)
  return bytesOf(halves)
}

/** Converts 32-bit floats to the tower's bytes. */
export function floatsToBytes(values: Float32Array, to: FloatPrecision, name: string): Uint8Array {
  return convertBytes(bytesOf(values), 'F32', to, name)
}

function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function tooLarge(name: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `The tensor "${name}" contains values that are too large for f16. Import the checkpoint with the vision precision f32.`,
    { details: { tensor: name } },
  )
}
