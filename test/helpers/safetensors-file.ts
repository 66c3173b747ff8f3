/** Tensors of a whole safetensors file from a trusted source: nothing is checked. */
export interface Tensors {
  shape(name: string): readonly number[]
  bytes(name: string): Uint8Array
  floats(name: string): Float32Array
}

export function readTensors(file: Buffer): Tensors {
  const start = 8 + Number(file.readBigUInt64LE(0))
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(file.subarray(8, start).toString())
  const find = (name: string) => {
    const entry = header[name]
    if (!entry) throw new Error(`no tensor ${name}`)
    return entry
  }
  const bytes = (name: string) => {
    const [begin, end] = find(name).data_offsets
    return new Uint8Array(file.subarray(start + begin, start + end))
  }
  return { shape: (name) => find(name).shape, bytes, floats: (name) => new Float32Array(bytes(name).buffer) }
}
