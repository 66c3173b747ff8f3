import { crc32 } from 'node:zlib'
import type { TensorSource } from '../../src/engine/formats/tensor-source.ts'
import { towerShapes } from '../../test/engine/vision/formula-weights.ts'

/** Number of random values from -1 to 1 from which all tensors are taken; a prime, so that no two rows of a matrix start at the same position. */
const NOISE = 1_000_003
const PIECE = 1 << 20

/** Returns a Qwen2-VL vision tower with cheap random weights. */
export function randomTower(config: Parameters<typeof towerShapes>[0]): TensorSource {
  return randomTensors(towerShapes(config))
}

/**
 * Returns the vision tower of a checkpoint with cheap random weights, scaled so that activations keep their magnitude from layer to layer.
 * @param tensors shapes by key, without the prefix `visual.`
 */
export function randomTensors(tensors: Readonly<Record<string, readonly number[]>>): TensorSource {
  const shapes = new Map(Object.entries(tensors).map(([key, shape]) => [`visual.${key}`, shape]))
  const noise = randomNoise()
  const shapeOf = (name: string) => {
    const shape = shapes.get(name)
    if (!shape) throw new RangeError(`a tower has no ${name}`)
    return shape
  }
  function* pieces(name: string): Generator<Float32Array> {
    const shape = shapeOf(name)
    const norm = shape.length === 1 && /(norm\d?|ln_q)\.weight$/.test(name)
    const fanIn = product(shape.slice(1))
    const scale = shape.length === 1 ? 0.02 : Math.sqrt(1 / fanIn)
    const missing = product(shape)
    // All tensors differ: ONNX Runtime stores equal weights once, and they would stay in the processor's cache.
    const start = crc32(name) % NOISE
    for (let at = 0; at < missing; at += PIECE) {
      const piece = new Float32Array(Math.min(PIECE, missing - at))
      for (let i = 0; i < piece.length; i++) piece[i] = norm ? 1 : scale * (noise[(at + i + start) % NOISE] ?? 0)
      yield piece
    }
  }
  const floats = (name: string) => {
    const whole = new Float32Array(product(shapeOf(name)))
    let at = 0
    for (const piece of pieces(name)) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }
  return {
    names: [...shapes.keys()],
    has: (name) => shapes.has(name),
    info: (name) => ({ name, dtype: 'F32', shape: shapeOf(name), bytes: 4 * product(shapeOf(name)) }),
    bytes: async (name) => new Uint8Array(floats(name).buffer),
    async *stream(name) {
      for (const piece of pieces(name)) yield new Uint8Array(piece.buffer)
    },
    floats: async (name) => floats(name),
    [Symbol.asyncDispose]: async () => {},
  }
}

function randomNoise(): Float32Array {
  let state = 0x9e3779b9
  return Float32Array.from({ length: NOISE }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  })
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1)
}
