import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHalves } from '../../../../src/engine/formats/float-formats.ts'
import { GgufFile } from '../../../../src/engine/formats/gguf/gguf-file.ts'
import { quantizeQ8 } from '../../../../src/engine/formats/gguf/gguf-tensor-data.ts'
import { GgufTensorSource, type TensorRecipe } from '../../../../src/engine/formats/gguf/gguf-tensor-source.ts'
import { makeGguf } from '../../../helpers/gguf-file.ts'
import { noise } from '../../../helpers/noise.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

let folder: ScratchFolder
beforeAll(async () => {
  folder = await ScratchFolder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

const bytesOf = (values: Float32Array | Uint16Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const types = { f32: 0, f16: 1, q8_0: 8, bf16: 30 } as const

/** A file with these tensors, each with distinct bytes. */
async function source(
  tensors: Record<string, { type: keyof typeof types; shape: readonly number[]; bytes: Uint8Array }>,
  recipes: Record<string, TensorRecipe>,
): Promise<GgufTensorSource> {
  const padded = (length: number) => Math.ceil(length / 32) * 32
  let offset = 0
  const described = Object.entries(tensors).map(([name, { type, shape, bytes }]) => {
    const at = offset
    offset += padded(bytes.length)
    return { name, type: types[type], shape, offset: at }
  })
  const head = makeGguf({ tensors: described, data: 0 })
  const data = Buffer.alloc(offset)
  for (const [index, { bytes }] of Object.values(tensors).entries()) data.set(bytes, Number(described[index]?.offset))
  const path = await folder.write('x.gguf', Buffer.concat([head, data]))
  const file = await GgufFile.open(path)
  try {
    return new GgufTensorSource(file, new Map(Object.entries(recipes)))
  } catch (error) {
    await file[Symbol.asyncDispose]()
    throw error
  }
}

async function streamed(tensors: GgufTensorSource, name: string, pieceBytes: number): Promise<Float32Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of tensors.stream(name, pieceBytes)) {
    expect(piece.byteLength).toBeLessThanOrEqual(Math.max(pieceBytes, 128))
    pieces.push(piece)
  }
  return new Float32Array(new Uint8Array(Buffer.concat(pieces)).buffer)
}

describe('GgufTensorSource', () => {
  it('reads the stored values of each type, whole and in pieces', async () => {
    const values = Float32Array.from(noise(96 * 3, 5), (value) => Math.fround(value))
    const bf16 = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16)
    const brain = new Float32Array(Uint32Array.from(bf16, (word) => word << 16).buffer)
    const q8 = quantizeQ8(values, 'x')
    await using tensors = await source(
      {
        f32: { type: 'f32', shape: [96, 3], bytes: bytesOf(values) },
        f16: { type: 'f16', shape: [96, 3], bytes: bytesOf(toHalves(bytesOf(brain), 'F32') ?? new Uint16Array()) },
        bf16: { type: 'bf16', shape: [96, 3], bytes: bytesOf(bf16) },
        q8_0: { type: 'q8_0', shape: [96, 3], bytes: q8 },
      },
      Object.fromEntries(['f32', 'f16', 'bf16', 'q8_0'].map((name) => [name, { shape: [3, 96], parts: [name] }])),
    )
    expect(tensors.info('q8_0')).toEqual({ name: 'q8_0', dtype: 'F32', shape: [3, 96], bytes: 3 * 96 * 4 })
    expect([...(await tensors.floats('f32'))]).toEqual([...values])
    expect([...(await tensors.floats('bf16'))]).toEqual([...brain])
    for (const name of ['f32', 'f16', 'bf16', 'q8_0']) {
      const floats = await tensors.floats(name)
      for (const pieceBytes of [4, 128, 512, 1 << 20]) expect([...(await streamed(tensors, name, pieceBytes))]).toEqual([...floats])
      expect(Buffer.from(await tensors.bytes(name))).toEqual(Buffer.from(bytesOf(floats)))
    }
    const exact = await tensors.floats('f16')
    for (const [i, value] of exact.entries())
      expect(Math.abs(value - (brain[i] ?? 0))).toBeLessThanOrEqual(Math.abs(brain[i] ?? 0) * 2 ** -11 + 2 ** -25)
    const steps = await tensors.floats('q8_0')
    for (let row = 0; row < 9; row++) {
      const block = values.subarray(row * 32, row * 32 + 32)
      const scale = Math.max(...block.map(Math.abs)) / 127
      for (const [i, value] of block.entries()) expect(Math.abs((steps[row * 32 + i] ?? 0) - value)).toBeLessThan(scale * 0.52)
    }
  })

  it('concatenates parts, or interleaves them', async () => {
    const part = (start: number) => Float32Array.from({ length: 12 }, (_, i) => start + i)
    await using tensors = await source(
      { q: { type: 'f32', shape: [4, 3], bytes: bytesOf(part(0)) }, k: { type: 'f32', shape: [4, 3], bytes: bytesOf(part(100)) } },
      {
        stacked: { shape: [6, 4], parts: ['q', 'k'] },
        turned: { shape: [3, 2, 4], parts: ['q', 'k'], turns: 4 },
      },
    )
    expect([...(await tensors.floats('stacked'))]).toEqual([...part(0), ...part(100)])
    expect([...(await streamed(tensors, 'stacked', 4096))]).toEqual([...part(0), ...part(100)])
    const turned = [0, 1, 2, 3, 100, 101, 102, 103, 4, 5, 6, 7, 104, 105, 106, 107, 8, 9, 10, 11, 108, 109, 110, 111]
    expect([...(await tensors.floats('turned'))]).toEqual(turned)
    expect([...(await streamed(tensors, 'turned', 4096))]).toEqual(turned)
  })

  it('rejects a missing tensor, another size, or another type', async () => {
    const tensor = { type: 'f32', shape: [4], bytes: new Uint8Array(16) } as const
    await expect(source({ a: tensor }, { x: { shape: [4], parts: ['b'] } })).rejects.toMatchObject({ code: 'model-damaged' })
    await expect(source({ a: tensor }, { x: { shape: [5], parts: ['a'] } })).rejects.toMatchObject({ code: 'model-damaged' })
    await using tensors = await source({ a: tensor }, { x: { shape: [4], parts: ['a'] } })
    expect(() => tensors.info('y')).toThrow(/does not contain "y"/)
    const path = await folder.write('q4.gguf', makeGguf({ tensors: [{ name: 'a', shape: [32], type: 2 }], data: 18 }))
    await using few = new GgufTensorSource(await GgufFile.open(path), new Map([['x', { shape: [32], parts: ['a'] }]]))
    await expect(few.floats('x')).rejects.toMatchObject({ code: 'model-unsupported', message: expect.stringContaining('Q8_0') })
  })
})
