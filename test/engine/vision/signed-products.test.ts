import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { MICROSOFT, OnnxGraphWriter } from '../../../src/engine/formats/onnx/onnx-graph.ts'
import { fastestPrecision } from '../../../src/engine/vision/fastest-precision.ts'
import { sessionOptions } from '../../../src/engine/vision/session-options.ts'
import { signedProductsOverflow } from '../../../src/engine/vision/signed-products.ts'

const [ROWS, DEPTH, COLUMNS] = [9, 257, 70]
const inputs = Uint8Array.from({ length: ROWS * DEPTH }, (_, i) => (i % 3 === 0 ? (i * 37) % 256 : 255))
const weights = Int8Array.from({ length: DEPTH * COLUMNS }, (_, i) => (i % 5 === 0 ? ((i * 31) % 255) - 127 : i % 2 === 0 ? 127 : -127))

/** The products as sums of integers, below 2^24, so that floats hold them exactly. */
const exact = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) => {
  const [row, column] = [Math.floor(at / COLUMNS), at % COLUMNS]
  let sum = 0
  for (let i = 0; i < DEPTH; i++) sum += (inputs[row * DEPTH + i] ?? 0) * (weights[i * COLUMNS + column] ?? 0)
  return sum
})

test.each([
  ['as this processor needs them', null],
  ['unsigned', true],
] as const)('8-bit products with weights %s are exact', async (_, forced) => {
  const directory = await mkdtemp(join(tmpdir(), 'tarsier-products-'))
  try {
    const graph = new OnnxGraphWriter(directory)
    const float = (name: string) => graph.weight(name, 'f32', [], [new Uint8Array(Float32Array.of(1).buffer)])
    const weight = await graph.weight('w', 'i8', [DEPTH, COLUMNS], [new Uint8Array(weights.buffer)])
    const zero = await graph.weight('zero', 'u8', [], [Uint8Array.of(0)])
    const values = [graph.input('x', 'u8', ['n', DEPTH]), weight, await float('a'), await float('b'), zero]
    graph.output(graph.node('MatMulIntegerToFloat', values, { domain: MICROSOFT, name: 'y' }), 'f32', ['n', COLUMNS])
    const { file } = await graph.finish('product.onnx', 'test')
    const options = { device: 'cpu', attention: 'fused', threads: 1, mapped: false } as const
    const signedOverflow = forced ?? (await signedProductsOverflow())
    const session = await InferenceSession.create(join(directory, file), sessionOptions(options, { signedOverflow }))
    const { y } = await session.run({ x: new Tensor('uint8', inputs, [ROWS, DEPTH]) })
    await session.release()
    expect(y?.data).toEqual(exact)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

test('the fastest precision is told with the time of the weights that this processor needs', async () => {
  expect(await fastestPrecision()).toEqual({ precision: 'int8', time: (await signedProductsOverflow()) ? 0.7 : 0.5, exact: 'f16' })
})
