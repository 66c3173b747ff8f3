import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { readExactly } from '../contained-file.ts'
import { duplicateKey } from './duplicate-key.ts'
import { headerComplaint } from './safetensors-header-scan.ts'

/** Limit of the format. */
export const MAX_HEADER_BYTES = 100_000_000

/** Bits per element, for every type of the format. */
const ELEMENT_BITS = {
  BOOL: 8, F4: 4, F6_E2M3: 6, F6_E3M2: 6, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8,
  I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, I64: 64, U64: 64, F64: 64, C64: 64,
} as const // biome-ignore format: a table
export type SafetensorsDtype = keyof typeof ELEMENT_BITS

export interface StoredTensor {
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** Offset in the file, in bytes. */
  readonly position: number
  readonly bytes: number
}

const wholeNumber = z.int().min(0)
const entrySchema = z
  .object({
    dtype: z.string(),
    shape: z.array(wholeNumber).max(8),
    data_offsets: z.tuple([wholeNumber, wholeNumber]),
  })
  .strict()
const metadataSchema = z.record(z.string(), z.string())

/**
 * Reads and checks the header of an open safetensors file, with the checks of the format's own reader: its length within the limit and the
 * file, no duplicate keys, contiguous tensors that cover the data without gaps or overlaps, each with the length that its type and shape
 * imply. Never allocates more than the file's size. Throws `model-damaged`.
 */
export async function readSafetensorsHeader(file: FileHandle, path: string): Promise<Map<string, StoredTensor>> {
  const { size } = await file.stat()
  if (size < 8) throw damaged(path, `is too small for a header (${size} bytes)`)
  const prefix = new Uint8Array(8)
  await readExactly(file, prefix, 0, path)
  const declared = new DataView(prefix.buffer).getBigUint64(0, true)
  if (declared > BigInt(MAX_HEADER_BYTES)) throw damaged(path, `declares a header of ${declared} bytes, more than the format allows`)
  const length = Number(declared)
  if (length > size - 8)
    throw damaged(path, `declares a header of ${length} bytes but contains only ${size - 8} more bytes. It is truncated`)
  const header = new Uint8Array(length)
  await readExactly(file, header, 8, path)
  return checkHeader(header, size - 8 - length, path)
}

/** Like readSafetensorsHeader, for a header's bytes; `dataBytes` is the size of the data after it in the file. */
export function checkHeader(header: Uint8Array, dataBytes: number, path: string): Map<string, StoredTensor> {
  const entries = parseHeader(header, path)
  const tensors = new Map<string, StoredTensor>()
  const start = 8 + header.byteLength
  for (const [name, value] of entries) {
    // An unpaired surrogate, which is valid in JSON but not in file names or graphs.
    if (/\p{Surrogate}/u.test(name)) throw damaged(path, 'has a key in its header that is not valid text')
    if (name === '__metadata__') {
      if (!metadataSchema.safeParse(value).success) throw damaged(path, 'has metadata that is not a map of strings')
      continue
    }
    const parsed = entrySchema.safeParse(value)
    if (!parsed.success) throw damaged(path, `describes the tensor "${name}" incorrectly`, parsed.error)
    const { dtype, shape, data_offsets } = parsed.data
    if (!isKnownDtype(dtype)) throw damaged(path, `gives the tensor "${name}" the unknown type "${dtype}"`)
    const [begin, end] = data_offsets
    if (begin > end || end > dataBytes) throw damaged(path, `puts the tensor "${name}" at bytes ${begin} to ${end} of ${dataBytes}`)
    const bytes = byteLength(dtype, shape)
    if (bytes === null) throw damaged(path, `gives the tensor "${name}" a size that is too large`)
    if (bytes !== end - begin) {
      throw damaged(path, `gives the tensor "${name}" ${end - begin} bytes, but its type and shape need ${bytes}`)
    }
    tensors.set(name, { dtype, shape, position: start + begin, bytes })
  }
  let covered = start
  for (const [name, tensor] of [...tensors].sort(([, a], [, b]) => a.position - b.position || a.bytes - b.bytes)) {
    if (tensor.position !== covered) throw damaged(path, `has a gap or an overlap before the tensor "${name}"`)
    covered += tensor.bytes
  }
  if (covered - start !== dataBytes) throw damaged(path, `describes ${covered - start} bytes of tensors but contains ${dataBytes}`)
  return tensors
}

function parseHeader(header: Uint8Array, path: string): [string, unknown][] {
  if (header[0] !== 0x7b) throw damaged(path, 'does not start with a header. It is not a safetensors file')
  const complaint = headerComplaint(header)
  if (complaint !== null) throw damaged(path, complaint)
  let value: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header)
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(path, 'has a header that is not JSON', error)
  }
  const twice = duplicateKey(text)
  if (twice !== null) throw damaged(path, `has the key "${twice}" twice in its header`)
  return Object.entries(value as object)
}

function isKnownDtype(dtype: string): dtype is SafetensorsDtype {
  return Object.hasOwn(ELEMENT_BITS, dtype)
}

/** Bytes of a tensor; null if the number is not exact or an element ends within a byte. */
function byteLength(dtype: SafetensorsDtype, shape: readonly number[]): number | null {
  let elements = 1
  for (const dimension of shape) {
    elements *= dimension
    if (!Number.isSafeInteger(elements)) return null
  }
  const bits = elements * ELEMENT_BITS[dtype]
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : null
}

function damaged(path: string, what: string, cause?: unknown): TarsierError {
  return new TarsierError('model-damaged', `${path} ${what}. Download the file again.`, { cause })
}
