import { TarsierError } from '../../../shared/errors.ts'
import { type Scratch, toFloats, toHalves } from '../float-formats.ts'
import type { CheckpointDtype } from '../tensor-source.ts'

/** How weights that are not quantized are stored. */
export type FloatPrecision = 'f32' | 'f16'

/** Little-endian bytes of the checkpoint's element type as those of the tower's; a number that half precision cannot hold is refused. In `room` where it is given. */
export function convertBytes(bytes: Uint8Array, from: CheckpointDtype, to: FloatPrecision, name: string, room?: Scratch): Uint8Array {
  if (to === 'f32') return bytesOf(toFloats(bytes, from, room))
  const halves = toHalves(bytes, from, room)
  if (halves === null) throw tooLarge(name)
  return bytesOf(halves)
}

/** 32-bit floats as the tower's bytes. */
export function floatsToBytes(values: Float32Array, to: FloatPrecision, name: string): Uint8Array {
  return convertBytes(bytesOf(values), 'F32', to, name)
}

function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function tooLarge(name: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `The tensor "${name}" holds numbers that half precision cannot. Import the checkpoint with its vision tower in f32.`,
    { details: { tensor: name } },
  )
}
