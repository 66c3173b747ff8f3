import koffi, { type TypeObject } from 'koffi'
import type { Pointer } from './llama-header.ts'

const kinds = {
  int8: { type: 'int8_t', bytes: 1 },
  int32: { type: 'int32_t', bytes: 4 },
  float: { type: 'float', bytes: 4 },
  pointer: { type: 'void *', bytes: 8 },
} as const

/**
 * An array in native memory. Typed arrays cannot be used where native code keeps a pointer: small ones are stored on the JavaScript heap
 * and move during garbage collection.
 */
export class NativeArray {
  readonly address: Pointer
  readonly length: number
  readonly #kind: keyof typeof kinds
  #freed = false

  constructor(kind: keyof typeof kinds, length: number) {
    this.address = koffi.alloc(kinds[kind].type, length) as Pointer
    this.length = length
    this.#kind = kind
  }

  /** Copies values into the array, starting at index `at`. Throws if they exceed the end. */
  write(values: Float32Array | Int32Array | Int8Array | readonly Pointer[], at = 0): void {
    const { type, bytes } = kinds[this.#kind]
    if (this.#freed || at + values.length > this.length) throw new RangeError(`${values.length} values at ${at} of ${this.length}`)
    if (values.length > 0) koffi.encode(this.address, at * bytes, type, values, values.length)
  }

  free(): void {
    if (this.#freed) return
    this.#freed = true
    koffi.free(this.address)
  }
}

/** Copies floats from native memory. */
export function readFloats(address: Pointer, count: number): Float32Array {
  const type: TypeObject = koffi.array('float', count, 'Typed')
  return koffi.decode(address, type) as Float32Array
}
