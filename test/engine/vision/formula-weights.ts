import { crc32 } from 'node:zlib'
import type { CheckpointDtype, TensorSource } from '../../../src/engine/formats/tensor-source.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

/** `count` numbers from -0.5 to 0.5, the same as `uniform` in tools/reference/tower_fixtures.py returns. */
export function uniform(name: string, count: number): Float32Array {
  const seed = crc32(name)
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b9) + seed) >>> 0
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    values[i] = ((h ^ (h >>> 16)) >>> 8) * 2 ** -24 - 0.5
  }
  return values
}

/** Weights of the tensor as `weights` in tools/reference/tower_fixtures.py makes them. */
export function formulaWeights(name: string, shape: readonly number[]): Float32Array {
  const values = uniform(
    name,
    shape.reduce((product, size) => product * size, 1),
  )
  const norm = (name.includes('norm') || name.includes('ln_q')) && name.endsWith('weight')
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1)
  const scale = shape.length === 1 ? 0.5 : 2 ** (2 - Math.floor(Math.log2(fanIn) / 2 + 0.5)) * (name.includes('qkv') ? 2 : 1)
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * scale + (shape.length === 1 && norm ? 1 : 0)
  return values
}

/** A checkpoint with formulas as weights; `pieceBytes` smaller than a row tests pieces that end anywhere. */
export function formulaCheckpoint(
  prefix: string,
  tensors: Readonly<Record<string, readonly number[]>>,
  dtype: CheckpointDtype = 'F32',
): TensorSource {
  const shapes = new Map(Object.entries(tensors).map(([key, shape]) => [`${prefix}${key}`, shape]))
  const shapeOf = (name: string): readonly number[] => {
    const shape = shapes.get(name)
    if (!shape) throw new TarsierError('model-damaged', `no tensor ${name}`)
    return shape
  }
  const floats = (name: string): Float32Array => {
    const values = formulaWeights(name.slice(prefix.length), shapeOf(name))
    if (dtype === 'BF16') {
      const words = new Uint32Array(values.buffer)
      for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) & 0xffff0000
    }
    return values
  }
  const bytes = (name: string): Uint8Array => {
    const values = floats(name)
    if (dtype === 'F32') return new Uint8Array(values.buffer)
    const halves = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16)
    return new Uint8Array(halves.buffer)
  }
  return {
    names: [...shapes.keys()],
    has: (name) => shapes.has(name),
    info: (name) => ({ name, dtype, shape: shapeOf(name), bytes: bytes(name).byteLength }),
    bytes: async (name) => bytes(name),
    async *stream(name, pieceBytes = 1000) {
      const whole = bytes(name)
      for (let at = 0; at < whole.byteLength; at += pieceBytes) yield whole.slice(at, at + pieceBytes)
    },
    floats: async (name) => floats(name),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Every tensor of a tower, keys without prefix. */
export function towerShapes(config: {
  depth: number
  embed_dim: number
  mlp_ratio: number
  hidden_size: number
}): Record<string, readonly number[]> {
  const { depth, embed_dim: c, hidden_size: width } = config
  const hidden = c * config.mlp_ratio
  const shapes: Record<string, readonly number[]> = { 'patch_embed.proj.weight': [c, 3, 2, 14, 14] }
  const linear = (key: string, rows: number, columns: number) => {
    shapes[`${key}.weight`] = [rows, columns]
    shapes[`${key}.bias`] = [rows]
  }
  const norm = (key: string) => {
    shapes[`${key}.weight`] = [c]
    shapes[`${key}.bias`] = [c]
  }
  for (let i = 0; i < depth; i++) {
    norm(`blocks.${i}.norm1`)
    norm(`blocks.${i}.norm2`)
    linear(`blocks.${i}.attn.qkv`, 3 * c, c)
    linear(`blocks.${i}.attn.proj`, c, c)
    linear(`blocks.${i}.mlp.fc1`, hidden, c)
    linear(`blocks.${i}.mlp.fc2`, c, hidden)
  }
  norm('merger.ln_q')
  linear('merger.mlp.0', 4 * c, 4 * c)
  linear('merger.mlp.2', width, 4 * c)
  return shapes
}
