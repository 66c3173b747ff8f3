import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckpointDtype } from '../tensor-source.ts'
import { INDEX_FILE, SINGLE_FILE } from './safetensors.ts'
import { safetensorsHeader } from './safetensors-writer.ts'

export interface ShardTensor {
  readonly name: string
  readonly dtype: CheckpointDtype
  readonly shape: readonly number[]
  readonly bytes: number
  /** The stored bytes, in chunks. */
  data(): AsyncIterable<Uint8Array>
}

/** Shard size of transformers. A larger tensor has its own file. */
export const SHARD_BYTES = 5e9

/**
 * Writes tensors as Hugging Face does: `model.safetensors`, or shards of at most `shardBytes` with an index. Keeps one chunk of one tensor
 * in memory. Throws a RangeError if a tensor yields a different number of bytes, and file system errors.
 */
export async function writeShards(
  directory: string,
  tensors: readonly ShardTensor[],
  options: { readonly shardBytes: number; readonly signal: AbortSignal; readonly onWritten: (bytes: number) => void },
): Promise<void> {
  const shards = cut(tensors, options.shardBytes)
  const weightMap: Record<string, string> = {}
  for (const [index, shard] of shards.entries()) {
    const number = (value: number) => String(value).padStart(5, '0')
    const file = shards.length === 1 ? SINGLE_FILE : `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`
    for (const { name } of shard) weightMap[name] = file
    await writeShard(join(directory, file), shard, options)
  }
  if (shards.length === 1) return
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  const index = { metadata: { total_size: total }, weight_map: weightMap }
  const file = await open(join(directory, INDEX_FILE), 'wx')
  try {
    await file.writeFile(`${JSON.stringify(index, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function cut(tensors: readonly ShardTensor[], most: number): ShardTensor[][] {
  const shards: ShardTensor[][] = []
  let needed = 0
  for (const tensor of tensors) {
    const last = shards.at(-1)
    if (last && tensor.bytes <= needed) last.push(tensor)
    else {
      shards.push([tensor])
      needed = most
    }
    needed -= tensor.bytes
  }
  return shards
}

async function writeShard(
  path: string,
  tensors: readonly ShardTensor[],
  { signal, onWritten }: { readonly signal: AbortSignal; readonly onWritten: (bytes: number) => void },
): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(safetensorsHeader(tensors, { format: 'pt' }))
    for (const { name, bytes, data } of tensors) {
      let given = 0
      for await (const piece of data()) {
        signal.throwIfAborted()
        await file.writeFile(piece)
        given += piece.byteLength
        onWritten(piece.byteLength)
      }
      if (given !== bytes) throw new RangeError(`tensor ${name} gave ${given} bytes instead of ${bytes}`)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
