import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import type { Trace } from '../../../src/engine/engine-client.ts'
import { towerForm } from '../../../src/engine/families/families.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { modelsFolder } from '../../../src/engine/models/registry.ts'
import { TowerSession } from '../../../src/engine/vision/tower-session.ts'
import { pixelsInput } from '../../../src/engine/vision/tower-trial.ts'
import type { Answer } from '../../../src/shared/engine-events.ts'
import type { FrameRequest } from '../../../src/shared/frame-request.ts'
import type { LanguagePrecision, VisionPrecision } from '../../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { largestDifference, relative, smallestCosine } from '../../helpers/parity.ts'
import { readTensors } from '../../helpers/safetensors-file.ts'

/** Written by tools/reference/qwen2_5_vl_fixtures.py with the published code: transformers 4.49.0 and qwen-vl-utils 0.0.10. */
const fixtures = new URL('../../fixtures/qwen2-5-vl/', import.meta.url)
const CROP = 28
const signal = new AbortController().signal

type Expected = Omit<Trace, 'model' | 'device'> & {
  readonly checkpoint: string
  readonly request: { readonly frames: number } | { readonly indices: readonly number[] }
  readonly maxPixels: number | null
  readonly size: readonly [height: number, width: number]
}

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-qwen25-'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

function expectedOf(name: string) {
  const trace: Expected = JSON.parse(readFileSync(new URL(`expected/${name}.json`, fixtures), 'utf8'))
  return { trace, tensors: readTensors(readFileSync(new URL(`expected/${name}.safetensors`, fixtures))) }
}

async function imported(checkpoint: string, language: LanguagePrecision, vision: VisionPrecision): Promise<string> {
  const name = `${checkpoint}-${language}-${vision}`
  const folder = fileURLToPath(new URL(`checkpoints/${checkpoint}/`, fixtures))
  if (!existsSync(join(modelsFolder(home), name))) await importCheckpoint(folder, { name, language, vision, home, signal })
  return name
}

function clipOf({ clip, request, maxPixels }: Expected) {
  const frames: FrameRequest =
    'indices' in request ? { kind: 'indices', indices: [...request.indices] } : { kind: 'uniform', count: request.frames }
  return { path: fileURLToPath(new URL(`clips/${clip}`, fixtures)), frames, ...(maxPixels !== null && { maxPixels }) }
}

async function traced(name: string, vision: VisionPrecision) {
  const { trace: wanted } = expectedOf(name)
  const model = await imported(wanted.checkpoint, 'f32', vision)
  const out = join(home, 'traces', `${name}-${vision}`)
  await using engine = new Engine({ model, device: 'cpu', home, cache: false })
  const trace = await engine.trace({ clip: clipOf(wanted), prompt: wanted.prompt, maxTokens: wanted.generated.length, out }, signal)
  return { trace, tensors: readTensors(await readFile(join(out, 'tensors.safetensors'))) }
}

/** The middle of every frame, which is what the fixtures contain of them. */
function crops(bytes: Uint8Array, [count = 0, height = 0, width = 0]: readonly number[]): Float32Array {
  const [top, left] = [(height - CROP) >> 1, (width - CROP) >> 1]
  const found: number[] = []
  for (let frame = 0; frame < count; frame++) {
    for (let row = 0; row < CROP; row++) {
      const from = ((frame * height + top + row) * width + left) * 3
      found.push(...bytes.subarray(from, from + CROP * 3))
    }
  }
  return Float32Array.from(found)
}

describe.each(['by-rate', 'long', 'portrait', 'uneven', 'wide-odd', 'picture'])('%s', (name) => {
  test('equals the published code at every stage', async () => {
    const wanted = expectedOf(name)
    const { trace, tensors } = await traced(name, 'f32')
    expect(trace.indices).toEqual(wanted.trace.indices)
    expect(trace.grid).toEqual(wanted.trace.grid)
    expect(trace.tokens).toEqual(wanted.trace.tokens)

    expect(tensors.shape('frames')).toEqual([trace.indices.length, ...wanted.trace.size, 3])
    const middles = crops(tensors.bytes('frames'), tensors.shape('frames'))
    expect(largestDifference(middles, Float32Array.from(wanted.tensors.bytes('crops')))).toBeLessThanOrEqual(1)

    expect(Buffer.compare(tensors.bytes('positions'), wanted.tensors.bytes('positions'))).toBe(0)
    expect(tensors.shape('embeddings')).toEqual(wanted.tensors.shape('embeddings'))
    // A scale of 7/8 puts many bytes halfway between two values, where rounding to 32 bits decides. Random weights make that 0.2 % of the rows.
    const halfway = name === 'long'
    expect(relative(tensors.floats('embeddings'), wanted.tensors.floats('embeddings'))).toBeLessThan(halfway ? 5e-3 : 1e-3)
    if (halfway) return
    expect(largestDifference(tensors.floats('logits'), wanted.tensors.floats('logits'))).toBeLessThan(1e-2)
    expect(trace.generated).toEqual(wanted.trace.generated)
    expect(trace.generated.length).toBe(24)
    expect(trace.text).toBe(wanted.trace.text)
  })
})

test('text after a clip with more positions in time than rows and columns follows the last of them', () => {
  const { trace, tensors } = expectedOf('long')
  const [t, h, w] = trace.grid
  const at = trace.tokens.lastIndexOf(-1)
  const positions = new Int32Array(tensors.bytes('positions').slice().buffer)
  // Eight slices, five positions apart, and text after them: the fixture would not tell otherwise.
  expect(positions[at]).toBe((positions[trace.tokens.indexOf(-1)] ?? 0) + 35)
  expect(t).toBeGreaterThan(Math.max(h, w) / 2)
  expect(positions[at + 1]).toBe((positions[at] ?? 0) + 1)
})

// With weights in fewer bits, errors of a tower of random weights are larger than those of a trained one.
test.each([
  ['f16', 0.999],
  ['int8', 0.95],
  ['int4', 0.4],
] as const)('the tower in %s gives nearly the same rows, and the import has measured it', async (vision, least) => {
  const { trace: wanted, tensors: exact } = expectedOf('by-rate')
  const { tensors } = await traced('by-rate', vision)
  const [, width = 0] = exact.shape('embeddings')
  expect(smallestCosine(tensors.floats('embeddings'), exact.floats('embeddings'), width)).toBeGreaterThan(least)
  const manifest = await readManifest(join(modelsFolder(home), await imported(wanted.checkpoint, 'f32', vision)))
  expect(manifest.vision.error?.cosine).toBeGreaterThan(least)
})

test('a device without fused attention computes the same rows within windows', async () => {
  const { trace } = expectedOf('by-rate')
  const directory = join(modelsFolder(home), await imported(trace.checkpoint, 'f32', 'f32'))
  const manifest = await readManifest(directory)
  const form = towerForm(manifest)
  const rows = async (attention: 'fused' | 'plain') => {
    const session = await TowerSession.open(join(directory, manifest.vision.file), { device: 'cpu', attention, threads: 1, mapped: false })
    try {
      // Two slices of 10 by 14 patches: windows reach beyond the grid.
      const data = Float32Array.from({ length: 2 * 140 * 2 * 3 * 14 * 14 }, (_, i) => Math.sin(i * i))
      const { output } = await session.run([pixelsInput(data, 2, 140), ...form.furtherInputs(10, 14)])
      return output.data
    } finally {
      await session.close()
    }
  }
  expect(relative(await rows('plain'), await rows('fused'))).toBeLessThan(1e-5)
})

test.each([
  ['q8_0', 'f16'],
  ['q4_k_m', 'int8'],
] as const)('in %s and %s it describes a clip, finds it in the cache again, and times what it says', async (language, vision) => {
  const { trace } = expectedOf('long')
  const model = await imported(trace.checkpoint, language, vision)
  const sampling = samplingSchema.parse({ maxTokens: 8 })
  const clip = clipOf(trace)
  const answers: Pick<Answer, 'text' | 'cached' | 'frames' | 'tokens'>[] = []
  for (let process = 0; process < 2; process++) {
    await using engine = new Engine({ model, device: 'cpu', home, cache: true })
    const estimate = await engine.estimate({ clip, text: 'What happens?', maxTokens: 8, measure: false }, signal)
    expect(estimate).toMatchObject({ problem: null, tokens: { perFrame: 3, visual: 48 } })
    const seen: number[] = []
    for await (const event of engine.answer('described', { kind: 'ask', text: 'What happens?', clip, sampling }, signal)) {
      if (event.kind === 'frame') seen.push(event.done)
      if (event.kind === 'done') answers.push(event.answer)
    }
    expect(seen).toEqual(process === 0 ? Array.from({ length: 16 }, (_, i) => i + 1) : [])
    if (process === 0) continue
    const scored: number[] = []
    const text = 'A circle moves. Then it stops.'
    for await (const event of engine.timeText('described', { turn: { kind: 'regenerate' }, text, precision: 0.5 }, signal)) {
      if (event.kind === 'scored') scored.push(event.of)
      if (event.kind === 'timed') expect(event.timed.sentences).toHaveLength(2)
    }
    // One for each slice of two frames.
    expect(scored).toEqual(Array<number>(8).fill(8))
  }
  const [cold, warm] = answers
  expect(cold).toMatchObject({ cached: 'nothing', tokens: { visual: 48 } })
  expect(cold?.frames.map(({ index }) => index)).toEqual(trace.indices)
  expect(warm).toMatchObject({ cached: 'state', text: cold?.text, frames: cold?.frames })
})
