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

/** Types of arrays by element and length. koffi never frees a type: one for every token would take 1 kB a token. */
const arrayTypes = new Map<string, TypeObject>()

/** The koffi type of an array that is read as a typed array. */
export function typedArrayOf(element: 'float' | 'int32_t' | 'int64_t', length: number): TypeObject {
  const key = `${element}[${length}]`
  const known = arrayTypes.get(key)
  if (known) return known
  const type = koffi.array(element, length, 'Typed')
  arrayTypes.set(key, type)
  return type
}

/** Copies floats from native memory. */
export function readFloats(address: Pointer, count: number): Float32Array {
  return koffi.decode(address, typedArrayOf('float', count)) as Float32Array
}
