import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Engine } from '../../src/engine/engine.ts'
import type { Trace } from '../../src/engine/engine-client.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { modelsFolder } from '../../src/engine/models/registry.ts'
import type { DeviceChoice } from '../../src/shared/devices.ts'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'
import { type CheckpointName, checkpointPath } from './checkpoint-folder.ts'
import { readTensors, type Tensors } from './safetensors-file.ts'

/** Results of transformers, Pillow and decord for a clip (make_fixtures.py and tarsier1_fixtures.py in tools/reference). */
const fixtures = new URL('../fixtures/parity/', import.meta.url)

type Expected = Omit<Trace, 'model' | 'device'> & {
  readonly frames: number
  readonly sampler: 'uniform' | 'middle'
  readonly size: readonly [height: number, width: number]
}

export function expectedOf(name: CheckpointName): { readonly trace: Expected; readonly tensors: Tensors } {
  const trace: Expected = JSON.parse(readFileSync(new URL(`expected/${name}.json`, fixtures), 'utf8'))
  return { trace, tensors: readTensors(readFileSync(new URL(`expected/${name}.safetensors`, fixtures))) }
}

interface TraceOptions {
  readonly home: string
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  readonly device: DeviceChoice
}

/** Answers a fixture's question with its tiny checkpoint, importing that into `home` if necessary. */
export async function traceOf(name: CheckpointName, { home, language, vision, device }: TraceOptions) {
  const signal = new AbortController().signal
  const model = `${name}-${language}-${vision}`
  if (!existsSync(join(modelsFolder(home), model)))
    await importCheckpoint(checkpointPath(name), { name: model, language, vision, home, signal })
  const { trace: wanted } = expectedOf(name)
  const out = join(home, 'traces', model)
  await using engine = new Engine({ model, device, home, cache: false })
  const path = fileURLToPath(new URL(`clips/${wanted.clip}`, fixtures))
  const clip = { path, frames: { kind: wanted.sampler, count: wanted.frames } }
  const trace = await engine.trace({ clip, prompt: wanted.prompt, maxTokens: wanted.generated.length, out }, signal)
  return { trace, tensors: readTensors(await readFile(join(out, 'tensors.safetensors'))) }
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} values cannot be compared`)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0)
}

/** Norm of the difference, relative to the expected norm. */
export function relative(actual: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return norm(actual.map((value, i) => value - (expected[i] ?? Number.NaN))) / norm(expected)
}

/** Smallest cosine between a row of `width` values and the expected one. */
export function smallestCosine(a: Float32Array, b: Float32Array, width: number): number {
  let smallest = 1
  for (let row = 0; row < a.length; row += width) {
    let [ab, aa, bb] = [0, 0, 0]
    for (let i = row; i < row + width; i++) {
      const [x, y] = [a[i] ?? 0, b[i] ?? 0]
      ab += x * y
      aa += x * x
      bb += y * y
    }
    smallest = Math.min(smallest, ab / Math.sqrt(aa * bb))
  }
  return smallest
}
