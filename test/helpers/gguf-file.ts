import { ggufValueTypes as types } from '../../src/engine/formats/gguf/gguf-types.ts'

/** Builds the bytes of a GGUF, valid or not: nothing is checked, and any piece may be replaced. */
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}
export const u64 = (value: number | bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  return bytes
}
const f32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
const text = (value: string | Uint8Array) => {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([u64(bytes.length), bytes])
}

/** A value preceded by its type number. */
export const value = {
  u32: (number: number) => Buffer.concat([u32(types.u32), u32(number)]),
  i32: (number: number) => Buffer.concat([u32(types.i32), u32(number)]),
  u64: (number: number | bigint) => Buffer.concat([u32(types.u64), u64(number)]),
  f32: (number: number) => Buffer.concat([u32(types.f32), f32(number)]),
  bool: (on: boolean) => Buffer.concat([u32(types.bool), Buffer.of(on ? 1 : 0)]),
  text: (string: string | Uint8Array) => Buffer.concat([u32(types.string), text(string)]),
  list: (element: number, count: number | bigint, entries: Uint8Array = Buffer.alloc(0)) =>
    Buffer.concat([u32(types.array), u32(element), u64(count), entries]),
  texts: (strings: readonly string[]) => value.list(types.string, strings.length, Buffer.concat(strings.map(text))),
  i32s: (numbers: readonly number[]) => value.list(types.i32, numbers.length, Buffer.concat(numbers.map(u32))),
  f32s: (numbers: readonly number[]) => value.list(types.f32, numbers.length, Buffer.concat(numbers.map(f32))),
  /** Any type and bytes. */
  raw: (type: number, bytes: Uint8Array) => Buffer.concat([u32(type), bytes]),
}

export interface MadeTensor {
  readonly name: string | Uint8Array
  /** The fastest dimension first. Defaults to [4]. */
  readonly shape?: readonly (number | bigint)[]
  /** Defaults to f32. */
  readonly type?: number
  /** Defaults to the end of the previous tensor, as if all were f32. */
  readonly offset?: number | bigint
}

export interface MadeGguf {
  readonly magic?: string
  readonly version?: number
  readonly keys?: Iterable<readonly [key: string | Uint8Array, value: Uint8Array]>
  readonly tensors?: readonly MadeTensor[]
  readonly keyCount?: number | bigint
  readonly tensorCount?: number | bigint
  readonly alignment?: number
  /** Bytes of data; by default what f32 tensors need. */
  readonly data?: number
}

/** The parts of a file by their ends, so that a test may truncate at any boundary. */
export function makeGguf(made: MadeGguf): Buffer {
  const keys = [...(made.keys ?? [])]
  const { tensors = [], alignment = 32 } = made
  const padded = (length: number) => Math.ceil(length / alignment) * alignment
  const parts: Uint8Array[] = [
    Buffer.from(made.magic ?? 'GGUF', 'latin1'),
    u32(made.version ?? 3),
    u64(made.tensorCount ?? tensors.length),
    u64(made.keyCount ?? keys.length),
  ]
  for (const [key, bytes] of keys) parts.push(text(key), bytes)
  let offset = 0
  for (const { name, shape = [4], type = 0, offset: stated } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(stated ?? offset))
    offset += padded(4 * Number(shape.reduce((product: number, size) => product * Number(size), 1)))
  }
  const head = Buffer.concat(parts)
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), Buffer.alloc(made.data ?? Math.min(offset, 1 << 20))])
}
