import { type FileHandle, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { checkFields, readJsonFile } from '../checked-json.ts'
import { openContained, readExactly } from '../contained-file.ts'
import { toFloats } from '../float-formats.ts'
import type { CheckpointDtype, TensorInfo, TensorSource } from '../tensor-source.ts'
import { readSafetensorsHeader, type StoredTensor } from './safetensors-header.ts'

export const SINGLE_FILE = 'model.safetensors'
/** PEFT's name of an adapter's config file. An adapter is not a checkpoint by itself. */
export const ADAPTER_CONFIG = 'adapter_config.json'
export const INDEX_FILE = 'model.safetensors.index.json'
const MAX_SHARDS = 1000
const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024
/** Allows links from a snapshot in the Hugging Face cache to its blobs. */
const contain = { huggingFaceCache: true }

interface Shard {
  readonly path: string
  readonly file: FileHandle
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

interface Placed {
  readonly shard: Shard
  readonly tensor: StoredTensor
}

/**
 * Opens the tensors of a checkpoint folder: `model.safetensors`, or the shards in `model.safetensors.index.json`. Checks all headers;
 * tensor data is read on request. Throws `file-missing` if the folder does not exist, `model-damaged` for missing, truncated or
 * inconsistent files.
 */
export async function openCheckpoint(directory: string): Promise<TensorSource> {
  await expectDirectory(directory)
  const shards: Shard[] = []
  try {
    const single = await openShard(directory, SINGLE_FILE)
    if (single) return checkpointOf(directory, single)
    return new Checkpoint(directory, shards, await openShards(directory, shards))
  } catch (error) {
    await closeAll(shards)
    throw error
  }
}

/** Opens the tensors of one file; null if it does not exist. Throws `model-damaged`. */
export async function openTensorFile(directory: string, name: string): Promise<TensorSource | null> {
  const file = await openShard(directory, name)
  return file && checkpointOf(directory, file)
}

function checkpointOf(directory: string, shard: Shard): TensorSource {
  return new Checkpoint(directory, [shard], new Map([...shard.tensors].map(([name, tensor]) => [name, { shard, tensor }])))
}

async function expectDirectory(directory: string): Promise<void> {
  try {
    if ((await stat(directory)).isDirectory()) return
  } catch (error) {
    if (isMissing(error))
      throw new TarsierError('file-missing', `The folder ${directory} does not exist. Give the folder that contains the checkpoint.`)
    throw readFailure(directory, error)
  }
  throw new TarsierError('file-missing', `${directory} is not a folder. Give the folder that contains the checkpoint.`)
}

async function openShard(directory: string, name: string): Promise<Shard | null> {
  const path = join(directory, name)
  const file = await openContained(directory, name, contain)
  if (file === null) return null
  try {
    return { path, file, tensors: await readSafetensorsHeader(file, path) }
  } catch (error) {
    await file.close()
    throw readFailure(path, error)
  }
}

const indexSchema = z.object({ weight_map: z.unknown() })
const weightMapSchema = z.array(z.tuple([z.string(), z.string()])).min(1)

/** Opens every shard of the index and adds it to `shards` immediately, so that the caller can close them after an error. */
async function openShards(directory: string, shards: Shard[]): Promise<Map<string, Placed>> {
  const path = join(directory, INDEX_FILE)
  const index = await readJsonFile(directory, INDEX_FILE, contain)
  if (index === null) {
    throw new TarsierError(
      'model-damaged',
      `${directory} has neither ${SINGLE_FILE} nor ${INDEX_FILE}. Other weight formats (.bin, .pt, .gguf) are not supported. Give a folder with safetensors.`,
    )
  }
  const { weight_map } = checkFields(index, indexSchema, path)
  // Not a zod record, which would drop a key named __proto__.
  const entries = checkFields(
    typeof weight_map === 'object' && weight_map !== null ? Object.entries(weight_map) : [],
    weightMapSchema,
    `${path}: weight_map`,
  )
  const byName = new Map<string, Shard>()
  const placed = new Map<string, Placed>()
  for (const [tensorName, fileName] of entries) {
    let shard = byName.get(fileName)
    if (!shard) {
      if (byName.size === MAX_SHARDS) throw new TarsierError('model-damaged', `${path} lists more than ${MAX_SHARDS} files.`)
      const opened = await openShard(directory, fileName)
      if (!opened) {
        throw new TarsierError(
          'model-damaged',
          `${join(directory, fileName)}, which is listed in ${INDEX_FILE}, is missing. Download all files of the checkpoint.`,
          {
            details: { file: fileName },
          },
        )
      }
      shards.push(opened)
      byName.set(fileName, opened)
      shard = opened
    }
    const tensor = shard.tensors.get(tensorName)
    if (!tensor) {
      throw new TarsierError(
        'model-damaged',
        `${shard.path} does not contain the tensor "${tensorName}", which is listed in ${INDEX_FILE}.`,
        {
          details: { tensor: tensorName },
        },
      )
    }
    placed.set(tensorName, { shard, tensor })
  }
  return placed
}

class Checkpoint implements TensorSource {
  readonly names: readonly string[]
  readonly #directory: string
  readonly #shards: Shard[]
  readonly #placed: ReadonlyMap<string, Placed>

  constructor(directory: string, shards: Shard[], placed: ReadonlyMap<string, Placed>) {
    this.#directory = directory
    this.#shards = shards
    this.#placed = placed
    this.names = [...placed.keys()]
  }

  has(name: string): boolean {
    return this.#placed.has(name)
  }

  info(name: string): TensorInfo {
    const { dtype, shape, bytes } = this.#find(name).tensor
    return { name, dtype: expectFloats(name, dtype), shape, bytes }
  }

  async bytes(name: string): Promise<Uint8Array> {
    const { shard, tensor } = this.#find(name)
    const bytes = new Uint8Array(tensor.bytes)
    await readExactly(shard.file, bytes, tensor.position, shard.path)
    return bytes
  }

  async *stream(name: string, pieceBytes = DEFAULT_PIECE_BYTES): AsyncGenerator<Uint8Array> {
    if (pieceBytes <= 0 || pieceBytes % 4 !== 0) throw new RangeError(`pieceBytes must be a positive multiple of 4, not ${pieceBytes}`)
    const { shard, tensor } = this.#find(name)
    // Buffers for one chunk that is being read, one in use, and one that is still being written.
    const buffers = Array.from({ length: 3 }, () => new Uint8Array(Math.min(pieceBytes, tensor.bytes)))
    const read = async (at: number): Promise<Uint8Array> => {
      const piece = (buffers[(at / pieceBytes) % buffers.length] as Uint8Array).subarray(0, tensor.bytes - at)
      await readExactly(shard.file, piece, tensor.position + at, shard.path)
      return piece
    }
    let next: Promise<Uint8Array> | undefined
    try {
      if (tensor.bytes > 0) next = read(0)
      for (let done = 0; done < tensor.bytes; done += pieceBytes) {
        const piece = await next
        next = undefined
        if (done + pieceBytes < tensor.bytes) {
          next = read(done + pieceBytes)
          next.catch(() => {}) // thrown where it is awaited
        }
        if (piece) yield piece
      }
    } finally {
      // The file must not be closed during a read.
      await next?.catch(() => {})
    }
  }

  async floats(name: string): Promise<Float32Array> {
    const { dtype } = this.info(name)
    return toFloats(await this.bytes(name), dtype)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#shards)
  }

  #find(name: string): Placed {
    const placed = this.#placed.get(name)
    if (placed) return placed
    throw new TarsierError(
      'model-damaged',
      `The checkpoint in ${this.#directory} does not contain the tensor "${name}". Download all its files.`,
      {
        details: { tensor: name },
      },
    )
  }
}

function expectFloats(name: string, dtype: string): CheckpointDtype {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype
  throw new TarsierError(
    'model-unsupported',
    `The tensor "${name}" has the type ${dtype}; only F32, F16 and BF16 are supported. Give the checkpoint before quantization.`,
    { details: { tensor: name, dtype } },
  )
}

async function closeAll(shards: Shard[]): Promise<void> {
  for (const { file } of shards.splice(0)) await file.close()
}
