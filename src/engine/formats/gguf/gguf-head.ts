import { GgufError, type GgufReader } from './gguf-reader.ts'
import { ggufTensorBlocks, ggufValueBytes, ggufValueTypes } from './gguf-types.ts'

/** A metadata array. */
export interface GgufArray {
  /** Type number of the elements. */
  readonly element: number
  readonly count: number
  /** Strings, if requested; otherwise only their lengths were checked. */
  readonly texts?: readonly string[]
  /** Numbers, if requested or if there are only a few. */
  readonly numbers?: readonly number[]
}

/** 64-bit numbers above 2^53 are bigints. */
export type GgufValue = number | bigint | boolean | string | GgufArray

export interface GgufTensor {
  /** Type number. */
  readonly type: number
  /** In the order of the file: fastest dimension first. */
  readonly shape: readonly number[]
  /** Offset in the file, in bytes. */
  readonly position: number
  readonly bytes: number
}

export interface GgufHead {
  readonly values: ReadonlyMap<string, GgufValue>
  readonly tensors: ReadonlyMap<string, GgufTensor>
}

/** An unsupported version of the format. */
export class GgufVersionError extends GgufError {
  readonly version: number

  constructor(version: number) {
    super(`it has GGUF version ${version}`)
    this.version = version
  }
}

const MAGIC = 0x46554747
const MIN_VERSION = 2
const LAST_VERSION = 3
/** Limits far above those of real files, and low enough to be safe. */
const MAX_KEYS = 1 << 16
const MAX_TENSORS = 1 << 16
const MAX_KEY_BYTES = 1 << 16
const MAX_TEXT_BYTES = 1 << 24
const MAX_NAME_BYTES = 63
const MAX_DIMENSIONS = 4
const MAX_ALIGNMENT = 1 << 20
const MAX_STORED_NUMBERS = 1 << 10
/** Maximum number of entries to load of an array: twice the largest vocabulary, with its merges. */
const MAX_STORED_VALUES = 1 << 20
/** Minimum sizes of a key and of a tensor's description. */
const KEY_BYTES = 8 + 1 + 4 + 1
const TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8
const DEFAULT_ALIGNMENT = 32

/**
 * Reads a GGUF up to the end of its tensor descriptions. Makes all checks of llama.cpp's reader and some more: counts and lengths against
 * the file's size, no duplicate keys or tensors, tensors contiguous without gaps or overlaps, each within the file. Never allocates memory
 * based on unchecked numbers. `keep` lists the arrays to load completely. Throws a {@link GgufError}.
 */
export async function readGgufHead(reader: GgufReader, keep: ReadonlySet<string> = new Set()): Promise<GgufHead> {
  if (reader.size < 24 || (await reader.u32()) !== MAGIC) throw new GgufError('it is not a GGUF file')
  const version = await reader.u32()
  if (version < MIN_VERSION || version > LAST_VERSION) throw new GgufVersionError(version)
  const tensorCount = await reader.u64('the number of tensors')
  const keyCount = await reader.u64('the number of keys')
  expectCount(tensorCount, MAX_TENSORS, TENSOR_BYTES, reader.left, 'the number of tensors')
  expectCount(keyCount, MAX_KEYS, KEY_BYTES, reader.left, 'the number of keys')

  const values = new Map<string, GgufValue>()
  let alignment = DEFAULT_ALIGNMENT
  for (let i = 0; i < keyCount; i += 1) {
    const key = await reader.text('a key', MAX_KEY_BYTES)
    if (key === '') throw new GgufError('a key is empty')
    if (values.has(key)) throw new GgufError(`the key ${key} occurs twice`)
    const type = await reader.u32()
    const value = await readValue(reader, key, type, keep)
    values.set(key, value)
    if (key === 'general.alignment') alignment = alignmentOf(type, value)
  }
  return { values, tensors: await readTensors(reader, tensorCount, alignment) }
}

function expectCount(count: number, most: number, leastBytes: number, left: number, what: string): void {
  if (count > most || count * leastBytes > left) throw new GgufError(`${what} is ${count}`)
}

async function readValue(reader: GgufReader, key: string, type: number, keep: ReadonlySet<string>): Promise<GgufValue> {
  if (type === ggufValueTypes.string) return reader.text(key, MAX_TEXT_BYTES)
  if (type === ggufValueTypes.array) return readArray(reader, key, keep.has(key))
  const bytes = ggufValueBytes[type]
  if (bytes === undefined) throw new GgufError(`${key} has a value of type ${type}`)
  return numberOf(await reader.bytes(bytes), type)
}

async function readArray(reader: GgufReader, key: string, keep: boolean): Promise<GgufArray> {
  const element = await reader.u32()
  const count = await reader.u64(`the length of ${key}`)
  const isText = element === ggufValueTypes.string
  const bytes = isText ? 8 : ggufValueBytes[element]
  if (bytes === undefined) throw new GgufError(`${key} is an array of type ${element}`)
  if (count * bytes > reader.left) throw new GgufError(`${key} extends beyond the end of the file`)
  if (isText && keep) {
    if (count > MAX_STORED_VALUES) throw new GgufError(`${key} has ${count} entries`)
    const texts: string[] = []
    for (let i = 0; i < count; i += 1) texts.push(await reader.text(`an entry of ${key}`, MAX_TEXT_BYTES))
    return { element, count, texts }
  }
  if (isText) {
    await reader.skipStrings(count, key, MAX_TEXT_BYTES)
    return { element, count }
  }
  if (count > (keep ? MAX_STORED_VALUES : MAX_STORED_NUMBERS)) {
    await reader.skip(count * bytes, key)
    return { element, count }
  }
  const numbers: number[] = []
  for (let i = 0; i < count; i += 1) numbers.push(Number(numberOf(await reader.bytes(bytes), element)))
  return { element, count, numbers }
}

function numberOf(bytes: Buffer, type: number): number | bigint | boolean {
  switch (type) {
    case ggufValueTypes.u8:
      return bytes.readUInt8()
    case ggufValueTypes.i8:
      return bytes.readInt8()
    case ggufValueTypes.u16:
      return bytes.readUInt16LE()
    case ggufValueTypes.i16:
      return bytes.readInt16LE()
    case ggufValueTypes.u32:
      return bytes.readUInt32LE()
    case ggufValueTypes.i32:
      return bytes.readInt32LE()
    case ggufValueTypes.f32:
      return bytes.readFloatLE()
    case ggufValueTypes.bool:
      return bytes.readUInt8() !== 0
    case ggufValueTypes.u64:
      return exact(bytes.readBigUInt64LE())
    case ggufValueTypes.i64:
      return exact(bytes.readBigInt64LE())
    default:
      return bytes.readDoubleLE()
  }
}

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function alignmentOf(type: number, value: GgufValue): number {
  const whole = type === ggufValueTypes.u32 && typeof value === 'number' && value >= 1 && value <= MAX_ALIGNMENT
  if (!whole || !Number.isInteger(Math.log2(value))) throw new GgufError(`its alignment is ${String(value)}`)
  return value
}

async function readTensors(reader: GgufReader, count: number, alignment: number): Promise<Map<string, GgufTensor>> {
  const tensors = new Map<string, GgufTensor>()
  const aligned = (position: number) => Math.ceil(position / alignment) * alignment
  /** Relative to the first tensor's first byte, as in the file. */
  let offset = 0
  for (let i = 0; i < count; i += 1) {
    const name = await reader.text("a tensor's name", MAX_NAME_BYTES)
    if (name === '' || name.includes('\0')) throw new GgufError('a tensor has an invalid name')
    if (tensors.has(name)) throw new GgufError(`the tensor ${name} occurs twice`)
    const { type, shape, bytes } = await readDescription(reader, name)
    const stated = await reader.u64(`the offset of ${name}`)
    if (stated !== offset) throw new GgufError(`the tensor ${name} does not start where the previous tensor ends`)
    tensors.set(name, { type, shape, position: stated, bytes })
    offset = aligned(offset + bytes)
    if (!Number.isSafeInteger(offset)) throw new GgufError(`the tensor ${name} has an invalid size`)
  }
  const start = aligned(reader.position)
  const last = [...tensors.values()].at(-1)
  const needed = start + (last ? last.position + last.bytes : 0)
  if (last && needed > reader.size) throw new GgufError(`it is truncated (${reader.size} of ${needed} bytes)`)
  return new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, position: start + tensor.position }]))
}

async function readDescription(reader: GgufReader, name: string): Promise<Pick<GgufTensor, 'type' | 'shape' | 'bytes'>> {
  const dimensions = await reader.u32()
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS) throw new GgufError(`the tensor ${name} has ${dimensions} dimensions`)
  const shape: number[] = []
  let elements = 1
  for (let d = 0; d < dimensions; d += 1) {
    const length = await reader.u64(`a dimension of ${name}`)
    shape.push(length)
    elements *= length
    if (length < 1 || !Number.isSafeInteger(elements)) throw new GgufError(`the tensor ${name} has an invalid shape`)
  }
  const type = await reader.u32()
  const block = ggufTensorBlocks[type]
  if (!block) throw new GgufError(`the tensor ${name} has the unknown type ${type}`)
  if ((shape[0] ?? 0) % block[0] !== 0) throw new GgufError(`the rows of the tensor ${name} are not a multiple of the block size`)
  const bytes = (elements / block[0]) * block[1]
  if (!Number.isSafeInteger(bytes)) throw new GgufError(`the tensor ${name} has an invalid size`)
  return { type, shape, bytes }
}
