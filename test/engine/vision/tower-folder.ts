import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeQwen2VlTower } from '../../../src/engine/families/qwen2-vl/tower.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from '../../../src/engine/families/qwen2-vl/vision-config.ts'
import type { TensorSource } from '../../../src/engine/formats/tensor-source.ts'
import type { Frame } from '../../../src/engine/media/types.ts'
import type { Tarsier2Manifest, VisionPrecision } from '../../../src/shared/model-manifest.ts'

const fixtures = new URL('../../fixtures/vision/', import.meta.url)

export interface TowerCase {
  readonly name: string
  /** Prefix of the checkpoint's keys. */
  readonly prefix: string
  readonly config: Qwen2VlVisionConfig
  /** Keys without the prefix. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** Pictures of one size; `embeddings` are in the same order. */
  readonly frames: readonly Frame[]
  /** The first eight patches of the first picture. */
  readonly patches: Float32Array
  readonly cos: Float32Array
  readonly sin: Float32Array
  readonly embeddings: Float32Array
}

/** The output of tools/reference/tower_fixtures.py. */
export const towerCases: readonly TowerCase[] = readIndex().map(({ name, prefix, vision_config, tensors }) => {
  const { pictures, ...floats } = readFixture(name)
  const [count = 0, height = 0, width = 0] = pictures.shape
  const frames = Array.from({ length: count }, (_, index) => {
    const bytes = height * width * 3
    return { index: index * 10, time: index / 2, width, height, rgb: pictures.bytes.slice(index * bytes, (index + 1) * bytes) }
  })
  const of = (key: 'patches' | 'cos' | 'sin' | 'embeddings') => new Float32Array(floats[key].bytes.slice().buffer)
  return {
    name,
    prefix,
    config: qwen2VlVisionConfigSchema.parse(vision_config),
    tensors,
    frames,
    patches: of('patches'),
    cos: of('cos'),
    sin: of('sin'),
    embeddings: of('embeddings'),
  }
})

export function towerCase(name: string): TowerCase {
  const found = towerCases.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no fixture ${name}`)
  return found
}

/** A folder with the tower of a checkpoint, and a manifest with its vision part only; disposing it removes the folder. */
export async function towerFolder(source: TensorSource, config: Qwen2VlVisionConfig, precision: VisionPrecision) {
  const directory = await mkdtemp(join(tmpdir(), 'tarsier-tower-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const written = await writeQwen2VlTower(source, config, {
      precision,
      directory,
      fileName: 'vision.onnx',
      signal: new AbortController().signal,
    })
    const vision: Tarsier2Manifest['vision'] = {
      ...written,
      precision,
      width: config.hidden_size,
      patchSize: config.patch_size,
      mergeSize: config.spatial_merge_size,
      temporalPatchSize: config.temporal_patch_size,
      headSize: config.embed_dim / config.num_heads,
    }
    return { directory, manifest: visionManifest(vision), [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

export function visionManifest(vision: Tarsier2Manifest['vision']): Tarsier2Manifest {
  return {
    formatVersion: 1,
    family: 'tarsier2',
    name: 'fixture',
    summary: '',
    licence: 'unknown',
    source: { repository: 'fixture', revision: null },
    language: { file: 'language.gguf', precision: 'f32', sha256: vision.sha256, bytes: 1, width: vision.width, context: 1 },
    vision,
    preprocessing: {
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
      minPixels: 3136,
      maxPixels: 12845056,
      frameMaxPixels: 460800,
      clipMaxPixels: 128 * 384 * 384,
    },
    sampler: { kind: 'uniform', frames: 16, repeats: false },
    prompt: { template: '', videoPad: 'x', describe: 'x' },
    maxSequence: 16384,
    generation: { maxTokens: 256, temperature: 0, topP: 1 },
  }
}

export async function* streamed<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values
}

/** Largest difference, relative to the largest expected value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let largest = 0
  for (const [i, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs((actual[i] ?? 0) - value))
    largest = Math.max(largest, Math.abs(value))
  }
  return difference / largest
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return ab / Math.sqrt(aa * bb)
}

interface IndexEntry {
  readonly name: string
  readonly prefix: string
  readonly vision_config: unknown
  readonly tensors: Readonly<Record<string, readonly number[]>>
}

function readIndex(): readonly IndexEntry[] {
  return JSON.parse(readFileSync(new URL('towers.json', fixtures), 'utf8'))
}

/** The fixtures' safetensors contain bytes and floats, which the engine's reader for checkpoints does not support. */
function readFixture(name: string): Record<'pictures' | 'patches' | 'cos' | 'sin' | 'embeddings', { shape: number[]; bytes: Uint8Array }> {
  const file = readFileSync(new URL(`${name}.safetensors`, fixtures))
  const start = 8 + Number(file.readBigUInt64LE(0))
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(file.subarray(8, start).toString())
  const read = (key: string) => {
    const entry = header[key]
    if (!entry) throw new Error(`no ${key} in ${name}`)
    return { shape: entry.shape, bytes: new Uint8Array(file.subarray(start + entry.data_offsets[0], start + entry.data_offsets[1])) }
  }
  return { pictures: read('pictures'), patches: read('patches'), cos: read('cos'), sin: read('sin'), embeddings: read('embeddings') }
}
