import { open, rename, rm } from 'node:fs/promises'

export interface NamedTensor {
  readonly name: string
  readonly dtype: 'F32' | 'I32' | 'U8'
  readonly shape: readonly number[]
  /** Elements in row-major order; as many as the shape says. */
  readonly data: Float32Array | Int32Array | Uint8Array
}

/** Writes a safetensors file aside and renames it: header length (u64), JSON header, then the tensors one after another. */
export async function writeSafetensors(path: string, tensors: readonly NamedTensor[]): Promise<void> {
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }> = {}
  let offset = 0
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  // Padded with spaces so that the tensors lie on 8-byte borders, as the format's own writer does.
  const bare = Buffer.from(JSON.stringify(header))
  const json = Buffer.concat([bare, Buffer.alloc((8 - (bare.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const aside = `${path}.part`
  try {
    const file = await open(aside, 'w')
    try {
      await file.writev([length, json])
      for (const { data } of tensors) await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}
