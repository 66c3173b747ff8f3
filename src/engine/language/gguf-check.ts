import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { TarsierError } from '../../shared/errors.ts'
import { GgufError, GgufReader } from './gguf-reader.ts'

/** What is known of a model file before llama.cpp opens it. */
export interface GgufFacts {
  readonly architecture: string
  /** Tokens it was trained to hold. */
  readonly context: number
  /** Numbers that a cell of the context takes in the KV cache, 0 when the file does not say it plainly. */
  readonly cellNumbers: number
  /** Tells the file from others: its head, its size, and samples of its weights. */
  readonly fingerprint: string
}

const MAGIC = 0x46554747
const LEAST_VERSION = 2
const LAST_VERSION = 3
/** Far above what real files hold, and far below what hurts. */
const MOST_KEYS = 1 << 16
const MOST_TENSORS = 1 << 16
const MOST_KEY_BYTES = 1 << 16
const MOST_STRING_BYTES = 1 << 24
const MOST_NAME_BYTES = 63
const MOST_DIMENSIONS = 4
const MOST_LAYERS = 512
const MOST_ALIGNMENT = 1 << 20
const SAMPLES = 16
const SAMPLE_BYTES = 4096

/** Bytes of a value by the number of its type; strings are 8, arrays 9. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }
const STRING = 8
const ARRAY = 9
const UINT32 = 4
const INT32 = 5
const UINT64 = 10

/** Elements in a block and bytes of a block by the number of a tensor's type (ggml's `type_traits`). */
const TENSOR_BLOCKS: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  ...{ 0: [1, 4], 1: [1, 2], 2: [32, 18], 3: [32, 20], 6: [32, 22], 7: [32, 24], 8: [32, 34], 9: [32, 36] },
  ...{ 10: [256, 84], 11: [256, 110], 12: [256, 144], 13: [256, 176], 14: [256, 210], 15: [256, 292] },
  ...{ 16: [256, 66], 17: [256, 74], 18: [256, 98], 19: [256, 50], 20: [32, 18], 21: [256, 110], 22: [256, 82], 23: [256, 136] },
  ...{ 24: [1, 1], 25: [1, 2], 26: [1, 4], 27: [1, 8], 28: [1, 8], 29: [256, 56], 30: [1, 2], 34: [256, 54], 35: [256, 66] },
  ...{ 39: [32, 17], 40: [64, 36], 41: [128, 18], 42: [64, 18] },
}

/**
 * Checks a GGUF's head before llama.cpp, which asserts and so dies of some bad files, gets to see it: counts, lengths,
 * and that every tensor lies within the file. Throws `file-missing`, `file-unreadable`, `model-damaged` or `model-unsupported`.
 */
export async function checkGguf(path: string): Promise<GgufFacts> {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new GgufError('it is not a file')
    const reader = new GgufReader(file, stat.size)
    const facts = await readHead(reader, path)
    return { ...facts, fingerprint: `${reader.digest()} ${stat.size} ${await sampleOf(file, stat.size)}` }
  } catch (error) {
    if (!(error instanceof GgufError)) throw error
    throw new TarsierError('model-damaged', `${path} is damaged: ${error.message}. Import or fetch the model again.`, { cause: error })
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new TarsierError('file-missing', `${path} is not there. Import or fetch the model again.`, { cause: error })
    }
    throw new TarsierError('file-unreadable', `${path} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
}

async function readHead(reader: GgufReader, path: string): Promise<Omit<GgufFacts, 'fingerprint'>> {
  if (reader.size < 24 || (await reader.u32()) !== MAGIC) {
    throw new TarsierError('model-damaged', `${path} is not a GGUF model file. Import or fetch the model again.`)
  }
  const version = await reader.u32()
  if (version < LEAST_VERSION || version > LAST_VERSION) {
    throw new TarsierError(
      'model-unsupported',
      `${path} is GGUF of version ${version}; this app reads versions 2 and 3. Use another model.`,
    )
  }
  const tensors = atMost(await reader.u64('the number of tensors'), MOST_TENSORS, 'the number of tensors')
  const keys = atMost(await reader.u64('the number of keys'), MOST_KEYS, 'the number of keys')
  const values = await readKeys(reader, keys)

  const architecture = values.get('general.architecture')
  if (typeof architecture !== 'string') throw new GgufError('it does not say what it is (general.architecture)')
  if (architecture === 'clip' || architecture === 'mmproj') {
    throw new TarsierError('model-unsupported', `${path} holds a vision tower, not a language model. Name the language model's GGUF.`)
  }
  if (tensors === 0) {
    throw new TarsierError('model-unsupported', `${path} holds a vocabulary without a model. Use a GGUF with weights.`)
  }
  if (!values.has('tokenizer.ggml.model') || !values.has('tokenizer.ggml.tokens')) {
    throw new TarsierError('model-unsupported', `${path} is not a language model: it has no vocabulary. Use another GGUF.`)
  }
  const number = (key: string, least: number, most: number): number => {
    const value = values.get(`${architecture}.${key}`)
    if (typeof value !== 'number' || value < least || value > most) throw new GgufError(`${architecture}.${key} is ${value ?? 'missing'}`)
    return value
  }
  number('block_count', 1, MOST_LAYERS)
  number('embedding_length', 1, 1 << 20)
  const context = number('context_length', 1, 2 ** 31)
  await readTensors(reader, tensors, alignmentOf(values))
  return { architecture, context, cellNumbers: cellNumbers(architecture, values) }
}

function cellNumbers(architecture: string, values: ReadonlyMap<string, string | number>): number {
  const of = (key: string) => {
    const value = values.get(`${architecture}.${key}`)
    return typeof value === 'number' && value > 0 ? value : undefined
  }
  const heads = of('attention.head_count')
  const keyHeads = of('attention.head_count_kv') ?? heads ?? 0
  const head = Math.floor((of('embedding_length') ?? 0) / (heads ?? 1))
  return (of('block_count') ?? 0) * keyHeads * ((of('attention.key_length') ?? head) + (of('attention.value_length') ?? head))
}

/** Whole numbers and texts by key; everything else is there as NaN. */
async function readKeys(reader: GgufReader, count: number): Promise<Map<string, string | number>> {
  const values = new Map<string, string | number>()
  for (let i = 0; i < count; i += 1) {
    const key = await reader.string('a key', MOST_KEY_BYTES)
    if (key === '') throw new GgufError('a key is empty')
    if (values.has(key)) throw new GgufError(`the key ${key} is there twice`)
    values.set(key, await readValue(reader, key))
  }
  return values
}

async function readValue(reader: GgufReader, key: string): Promise<string | number> {
  const type = await reader.u32()
  if (type === STRING) return reader.string(key, MOST_STRING_BYTES)
  if (type === ARRAY) {
    const element = await reader.u32()
    const count = await reader.u64(`the length of ${key}`)
    const bytes = element === STRING ? 8 : VALUE_BYTES[element]
    if (bytes === undefined) throw new GgufError(`${key} is an array of type ${element}`)
    if (count * bytes > reader.left) throw new GgufError(`${key} reaches past the end of the file`)
    if (element === STRING) await reader.skipStrings(count, key, MOST_STRING_BYTES)
    else await reader.skip(count * bytes, key)
    return Number.NaN
  }
  const bytes = VALUE_BYTES[type]
  if (bytes === undefined) throw new GgufError(`${key} has a value of type ${type}`)
  const value = await reader.bytes(bytes)
  if (type === UINT32) return value.readUInt32LE()
  if (type === INT32) return value.readInt32LE()
  if (type === UINT64) return Number(value.readBigUInt64LE())
  return Number.NaN
}

function alignmentOf(values: ReadonlyMap<string, string | number>): number {
  const alignment = values.get('general.alignment') ?? 32
  const whole = typeof alignment === 'number' && alignment >= 1 && alignment <= MOST_ALIGNMENT && Number.isInteger(Math.log2(alignment))
  if (!whole) throw new GgufError(`its alignment is ${alignment}`)
  return alignment
}

async function readTensors(reader: GgufReader, count: number, alignment: number): Promise<void> {
  const names = new Set<string>()
  let reach = 0
  for (let i = 0; i < count; i += 1) {
    const name = await reader.string("a tensor's name", MOST_NAME_BYTES)
    if (names.has(name)) throw new GgufError(`the tensor ${name} is there twice`)
    names.add(name)
    const dimensions = atMost(await reader.u32(), MOST_DIMENSIONS, `the number of dimensions of ${name}`)
    let elements = 1
    let row = 1
    for (let d = 0; d < dimensions; d += 1) {
      const length = await reader.u64(`a dimension of ${name}`)
      if (d === 0) row = length
      elements *= length
      if (length < 1 || !Number.isSafeInteger(elements)) throw new GgufError(`the tensor ${name} has an impossible shape`)
    }
    const type = await reader.u32()
    const block = TENSOR_BLOCKS[type]
    if (!block) throw new GgufError(`the tensor ${name} is of the unknown type ${type}`)
    if (row % block[0] !== 0) throw new GgufError(`the rows of the tensor ${name} are no whole blocks`)
    const offset = await reader.u64(`the place of ${name}`)
    if (offset % alignment !== 0) throw new GgufError(`the tensor ${name} is not aligned`)
    const end = offset + (elements / block[0]) * block[1]
    if (!Number.isSafeInteger(end)) throw new GgufError(`the tensor ${name} has an impossible size`)
    reach = Math.max(reach, end)
  }
  const start = Math.ceil(reader.position / alignment) * alignment
  if (start + reach > reader.size) throw new GgufError(`it is cut off (${reader.size} of ${start + reach} bytes are there)`)
}

/** Hash of a few pieces from all over the file: two models of one shape differ in every part of their weights. */
async function sampleOf(file: FileHandle, size: number): Promise<string> {
  const hash = createHash('sha256')
  const piece = Buffer.alloc(SAMPLE_BYTES)
  for (let i = 1; i <= SAMPLES; i += 1) {
    const { bytesRead } = await file.read(piece, 0, SAMPLE_BYTES, Math.max(0, Math.floor((size * i) / SAMPLES) - SAMPLE_BYTES))
    hash.update(piece.subarray(0, bytesRead))
  }
  return hash.digest('hex')
}

function atMost(value: number, most: number, what: string): number {
  if (value > most) throw new GgufError(`${what} is ${value}`)
  return value
}
