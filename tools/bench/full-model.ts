import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TensorType, tensorTypes } from '../../src/engine/formats/gguf/gguf-format.ts'
import {
  type GgufContent,
  type GgufTensor,
  ggufHeader,
  ggufTensorBytes,
  ggufTensorPieces,
} from '../../src/engine/formats/gguf/gguf-writer.ts'
import { GrowingFile, type HashedFile } from '../../src/engine/formats/growing-file.ts'
import { openImportSource } from '../../src/engine/models/import/import-source.ts'
import { quantizedContent } from '../../src/engine/models/import/quantize-language.ts'
import { Quantizer } from '../../src/engine/models/import/quantizer.ts'
import { MANIFEST_FILE, modelManifestSchema } from '../../src/shared/model-manifest.ts'
import { type Sizes, writeRandomCheckpoint } from './random-model.ts'

/** Number of different random blocks of a type; a prime, so that rows do not repeat. */
const BLOCKS = 8191
/** Offsets of 16-bit scales in a block, with values for which weights have an absolute value of about 0.02. All other bits may be anything. */
const SCALES: Partial<Readonly<Record<TensorType, readonly (readonly [offset: number, half: number])[]>>> = {
  Q4_K: [
    [0, 0x0800],
    [2, 0x1400],
  ],
  Q6_K: [[208, 0x0080]],
}

/**
 * Returns the folder of a model with a language model in q4_k_m and an f16 tower of these sizes, written once and cached. All weights are random: the
 * blocks of the language model are made up instead of quantized, with the types that llama.cpp's quantizer chooses.
 */
export async function fullModel(cache: string, name: string, sizes: Sizes): Promise<string> {
  const folder = join(cache, 'models', name)
  if (existsSync(join(folder, MANIFEST_FILE))) return folder
  const [checkpoint, part] = [join(cache, `checkpoint-${process.pid}-${name}`), join(cache, `part-${process.pid}-${name}`)]
  const signal = new AbortController().signal
  try {
    await writeRandomCheckpoint(checkpoint, sizes, (tensor) => !tensor.startsWith('visual.'))
    await mkdir(part)
    await using source = await openImportSource(checkpoint, {}, { name })
    const { manifest, language, tower } = source.parts
    if ('given' in language) throw new Error('a checkpoint has no GGUF')
    await using quantizer = Quantizer.start(signal)
    await using content = await quantizedContent(language.content('f16', signal), 'q4_k_m', { directory: part, quantizer })
    const languageFile = await writeRandomBlocks(join(part, 'language.gguf'), content)
    const towerFiles = await tower.write({ directory: part, precision: 'f16', fileName: 'vision.onnx', signal })
    const whole = modelManifestSchema.parse({
      ...manifest,
      language: { ...language.metadata, ...languageFile, precision: 'q4_k_m' },
      vision: { ...tower.metadata, ...towerFiles, precision: 'f16' },
    })
    await writeFile(join(part, MANIFEST_FILE), JSON.stringify(whole))
    await mkdir(join(cache, 'models'), { recursive: true })
    await rename(part, folder)
    return folder
  } finally {
    for (const leftover of [checkpoint, part]) await rm(leftover, { recursive: true, force: true })
  }
}

async function writeRandomBlocks(path: string, content: GgufContent): Promise<HashedFile> {
  const file = await GrowingFile.open(path, 'wx', { durable: false })
  try {
    await file.append(ggufHeader(content))
    for (const tensor of content.tensors) for await (const piece of ggufTensorPieces(randomly(tensor))) await file.append(piece)
    return await file.finish()
  } finally {
    await file.close()
  }
}

function randomly(tensor: GgufTensor): GgufTensor {
  const bytes = ggufTensorBytes(tensor)
  const pool = poolOf(tensor)
  return {
    ...tensor,
    async *data() {
      for (let at = 0; at < bytes; at += pool.byteLength) yield pool.subarray(0, Math.min(pool.byteLength, bytes - at))
    },
  }
}

const pools = new Map<TensorType, Uint8Array>()

function poolOf({ name, type }: GgufTensor): Uint8Array {
  if (type === 'F32') return new Uint8Array(new Float32Array(BLOCKS).fill(name.endsWith('norm.weight') ? 1 : 0.01).buffer)
  const scales = SCALES[type]
  if (!scales) throw new RangeError(`there are no random blocks of ${type}`)
  const pool = pools.get(type) ?? randomBlocks(tensorTypes[type].blockBytes, scales)
  pools.set(type, pool)
  return pool
}

function randomBlocks(size: number, scales: readonly (readonly [offset: number, half: number])[]): Uint8Array {
  const bytes = new Uint8Array(BLOCKS * size)
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(bytes.length, at + 65_536)))
  const view = new DataView(bytes.buffer)
  for (let block = 0; block < BLOCKS; block++) for (const [offset, half] of scales) view.setUint16(block * size + offset, half, true)
  return bytes
}
