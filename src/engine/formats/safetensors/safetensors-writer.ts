import { open } from 'node:fs/promises'
import { move, remove } from '../../../platform/move.ts'

export interface NamedTensor {
  readonly name: string
  readonly dtype: 'F32' | 'I32' | 'U8'
  readonly shape: readonly number[]
  /** Elements in row-major order; their number must match the shape. */
  readonly data: Float32Array | Int32Array | Uint8Array
}

/**
 * Header of a file with contiguous tensors: its length (u64) and the JSON, padded with spaces so that the tensors are 8-byte aligned, as in
 * the format's own writer.
 */
export function safetensorsHeader(
  tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[]; readonly bytes: number }[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  let offset = 0
  const described = tensors.map(({ name, dtype, shape, bytes }) => {
    const from = offset
    offset += bytes
    return [name, { dtype, shape, data_offsets: [from, offset] }] as const
  })
  const bare = Buffer.from(JSON.stringify({ ...(metadata && { __metadata__: metadata }), ...Object.fromEntries(described) }))
  const json = Buffer.concat([bare, Buffer.alloc((8 - (bare.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json])
}

/** Writes a safetensors file to a temporary path and renames it. */
export async function writeSafetensors(path: string, tensors: readonly NamedTensor[]): Promise<void> {
  const header = safetensorsHeader(tensors.map(({ name, dtype, shape, data }) => ({ name, dtype, shape, bytes: data.byteLength })))
  const temporary = `${path}.part`
  try {
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(header)
      for (const { data } of tensors) await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    } finally {
      await file.close()
    }
    await move(temporary, path)
  } finally {
    await remove(temporary)
  }
}
