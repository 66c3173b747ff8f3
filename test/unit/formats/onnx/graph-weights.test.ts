import { readFile, rm } from 'node:fs/promises'
import onnxProto from 'onnx-proto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toFloats } from '../../../../src/engine/formats/float-formats.ts'
import { GraphWeights } from '../../../../src/engine/formats/onnx/graph-weights.ts'
import { CheckpointWeights } from '../../../../src/engine/formats/onnx/onnx-checkpoint-weights.ts'
import { OnnxGraphWriter } from '../../../../src/engine/formats/onnx/onnx-graph.ts'
import type { TensorSource } from '../../../../src/engine/formats/tensor-source.ts'
import type { VisionPrecision } from '../../../../src/shared/model-manifest.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const signal = new AbortController().signal
/** The last block of 32 columns is not whole, nor is the last pair of blocks. */
const [ROWS, COLUMNS] = [300, 144 + 8]

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
})
afterAll(() => scratch[Symbol.asyncDispose]())

const matrix = Float32Array.from({ length: 2 * ROWS * COLUMNS }, (_, i) => Math.fround(Math.sin(i * 12.9898) * (1 + (i % 7))))
const bias = Float32Array.from({ length: 2 * ROWS }, (_, i) => Math.fround(Math.cos(i)))

/** A checkpoint with one layer of two stacked parts. */
function checkpoint(): TensorSource {
  const tensors = new Map([
    ['layer.weight', { shape: [2 * ROWS, COLUMNS], floats: matrix }],
    ['layer.bias', { shape: [2 * ROWS], floats: bias }],
  ])
  const found = (name: string) => tensors.get(name) ?? { shape: [], floats: new Float32Array(0) }
  const bytes = async (name: string) => new Uint8Array(found(name).floats.slice().buffer)
  return {
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    info: (name) => ({ name, dtype: 'F32', shape: found(name).shape, bytes: found(name).floats.byteLength }),
    bytes,
    stream: async function* (name) {
      yield await bytes(name)
    },
    floats: async (name) => found(name).floats.slice(),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Writes the layer as an import does, and opens what was written. */
async function written(precision: VisionPrecision, dataFile: string | undefined): Promise<GraphWeights> {
  for (const file of ['graph.onnx', 'graph.data']) await rm(scratch.path(file), { force: true })
  const graph = new OnnxGraphWriter(scratch.directory, { dataFile, durable: false })
  const weights = new CheckpointWeights(checkpoint(), graph, { precision, prefix: '', signal, onWritten: () => {} })
  const input = graph.input('x', 'f32', ['n', COLUMNS])
  await weights.linears(input, 'layer', ROWS, COLUMNS, 2)
  await graph.finish('graph.onnx', 'test')
  const decoded = onnxProto.onnx.ModelProto.decode(await readFile(scratch.path('graph.onnx'))).graph
  if (!decoded) throw new Error('no graph')
  return await GraphWeights.open(decoded, scratch.directory, dataFile)
}

async function streamed(weights: GraphWeights, name: string): Promise<Float32Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of weights.stream(name, 4096)) pieces.push(piece.slice())
  return toFloats(new Uint8Array(Buffer.concat(pieces)), weights.info(name).dtype)
}

describe.each([undefined, 'graph.data'])('the weights of a graph (weights file: %s)', (dataFile) => {
  /** Largest allowed difference of a value, by the largest value of its row. */
  it.each<[VisionPrecision, number]>([
    ['f32', 0],
    ['f16', 2 ** -11],
    ['int8', 0.5 / 127],
    // Half a step of a block's range, and the rounding of its zero point.
    ['int4', 2 / 15],
  ])('in %s are those of the checkpoint', async (precision, share) => {
    await using weights = await written(precision, dataFile)
    for (const part of [0, 1]) {
      const name = `layer.weight.${part}`
      expect(weights.info(name)).toMatchObject({ shape: [ROWS, COLUMNS], dtype: precision === 'f16' ? 'F16' : 'F32' })
      const found = await weights.floats(name)
      expect(await streamed(weights, name)).toEqual(found)
      const expected = matrix.subarray(part * ROWS * COLUMNS, (part + 1) * ROWS * COLUMNS)
      for (let row = 0; row < ROWS; row++) {
        const [ours, theirs] = [found, expected].map((values) => [...values.subarray(row * COLUMNS, (row + 1) * COLUMNS)])
        const largest = Math.max(...(theirs ?? []).map(Math.abs))
        const difference = Math.max(...(theirs ?? []).map((value, i) => Math.abs(value - (ours?.[i] ?? 0))))
        expect(difference, `row ${row}`).toBeLessThanOrEqual(share * largest * 1.001)
      }
      expect(await weights.floats(`layer.bias.${part}`)).toEqual(bias.slice(part * ROWS, (part + 1) * ROWS))
    }
  })
})

it('quantizes the dequantized weights to the same weights', async () => {
  const { quantizeRows, quantizeBlocks } = await import('../../../../src/engine/formats/onnx/quantize-weights.ts')
  const { dequantizeRows, dequantizeBlocks } = await import('../../../../src/engine/formats/onnx/dequantize-weights.ts')
  const values = matrix.slice(0, ROWS * COLUMNS)
  const rows = quantizeRows(values, ROWS, COLUMNS, 'w')
  expect(quantizeRows(dequantizeRows(rows, ROWS, COLUMNS), ROWS, COLUMNS, 'w').weights).toEqual(rows.weights)
  const blocks = quantizeBlocks(values, ROWS, COLUMNS, 'w')
  expect(quantizeBlocks(dequantizeBlocks(blocks, ROWS, COLUMNS), ROWS, COLUMNS, 'w').zeroPoints).toEqual(blocks.zeroPoints)
})
