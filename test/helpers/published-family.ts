import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Trace } from '../../src/engine/engine-client.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { modelsFolder } from '../../src/engine/models/registry.ts'
import type { Answer } from '../../src/shared/engine-events.ts'
import type { FrameRequest } from '../../src/shared/frame-request.ts'
import type { LanguagePrecision, VisionPrecision } from '../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../src/shared/sampling.ts'
import { largestDifference, relative, smallestCosine } from './parity.ts'
import { readTensors } from './safetensors-file.ts'

/** Side of the middle of a frame, which is what the fixtures contain of it. */
const CROP = 28
const signal = new AbortController().signal

export type ExpectedTrace = Omit<Trace, 'model' | 'device'> & {
  readonly checkpoint: string
  readonly request: { readonly frames: number } | { readonly indices: readonly number[] }
  readonly maxPixels: number | null
  readonly size: readonly [height: number, width: number]
}

/** Random checkpoints of a family, with the results of its published code, as `tools/reference/traced_cases.py` writes them. */
export class PublishedFamily {
  readonly #fixtures: URL
  readonly #home: () => string
  /** Folder of {@link PublishedFamily.#adapter} and the results with it. */
  readonly #adapters: URL
  readonly #adapter: string | null

  /**
   * @param home folder for imported models
   * @param adapter name of an adapter that tools/reference/lora_fixture.py made for one of the checkpoints. It is merged into them, and its name is that of
   * the case
   */
  constructor(fixtures: URL, home: () => string, adapter: string | null = null) {
    this.#fixtures = fixtures
    this.#home = home
    this.#adapters = new URL('../lora/', fixtures)
    this.#adapter = adapter
  }

  expected(name: string) {
    const from = this.#adapter === null ? this.#fixtures : this.#adapters
    const trace: ExpectedTrace = JSON.parse(readFileSync(new URL(`expected/${name}.json`, from), 'utf8'))
    return { trace, tensors: readTensors(readFileSync(new URL(`expected/${name}.safetensors`, from))) }
  }

  /** Imports a checkpoint unless it was. Returns the model's name. */
  async imported(checkpoint: string, language: LanguagePrecision, vision: VisionPrecision): Promise<string> {
    const home = this.#home()
    const name = [checkpoint, this.#adapter ?? 'plain', language, vision].join('-')
    const folder = fileURLToPath(new URL(`checkpoints/${checkpoint}/`, this.#fixtures))
    const adapter = this.#adapter === null ? undefined : fileURLToPath(new URL(this.#adapter, this.#adapters))
    if (!existsSync(join(modelsFolder(home), name))) {
      await importCheckpoint(folder, { name, language, vision, home, signal, ...(adapter !== undefined && { adapter }) })
    }
    return name
  }

  clipOf({ clip, request, maxPixels }: ExpectedTrace) {
    const frames: FrameRequest =
      'indices' in request ? { kind: 'indices', indices: [...request.indices] } : { kind: 'uniform', count: request.frames }
    return { path: fileURLToPath(new URL(`clips/${clip}`, this.#fixtures)), frames, ...(maxPixels !== null && { maxPixels }) }
  }

  async traced(name: string, vision: VisionPrecision) {
    const { trace: wanted } = this.expected(name)
    const home = this.#home()
    const model = await this.imported(wanted.checkpoint, 'f32', vision)
    const out = join(home, 'traces', `${name}-${vision}`)
    await using engine = new Engine({ model, device: 'cpu', home, cache: false })
    const clip = this.clipOf(wanted)
    const trace = await engine.trace({ clip, prompt: wanted.prompt, maxTokens: wanted.generated.length, out }, signal)
    return { trace, tensors: readTensors(await readFile(join(out, 'tensors.safetensors'))) }
  }

  /** Compares every stage of a case. */
  async compare(name: string): Promise<void> {
    const wanted = this.expected(name)
    const { trace, tensors } = await this.traced(name, 'f32')
    expect(trace.indices).toEqual(wanted.trace.indices)
    expect(trace.grid).toEqual(wanted.trace.grid)
    expect(trace.tokens).toEqual(wanted.trace.tokens)

    expect(tensors.shape('frames')).toEqual([trace.indices.length, ...wanted.trace.size, 3])
    const middles = crops(tensors.bytes('frames'), tensors.shape('frames'))
    expect(largestDifference(middles, Float32Array.from(wanted.tensors.bytes('crops')))).toBeLessThanOrEqual(1)

    expect(Buffer.compare(tensors.bytes('positions'), wanted.tensors.bytes('positions'))).toBe(0)
    expect(tensors.shape('embeddings')).toEqual(wanted.tensors.shape('embeddings'))
    expect(relative(tensors.floats('embeddings'), wanted.tensors.floats('embeddings'))).toBeLessThan(1e-3)
    expect(largestDifference(tensors.floats('logits'), wanted.tensors.floats('logits'))).toBeLessThan(1e-2)
    expect(trace.generated).toEqual(wanted.trace.generated)
    expect(trace.generated.length).toBe(24)
    expect(trace.text).toBe(wanted.trace.text)
  }

  /** Compares the rows of a tower in fewer bits, also with what the import has measured. */
  async compareTower(name: string, vision: VisionPrecision, leastCosine: number): Promise<void> {
    const { trace: wanted, tensors: exact } = this.expected(name)
    const { tensors } = await this.traced(name, vision)
    const [, width = 0] = exact.shape('embeddings')
    expect(smallestCosine(tensors.floats('embeddings'), exact.floats('embeddings'), width)).toBeGreaterThan(leastCosine)
    const manifest = await readManifest(join(modelsFolder(this.#home()), await this.imported(wanted.checkpoint, 'f32', vision)))
    expect(manifest.vision.error?.cosine).toBeGreaterThan(leastCosine)
  }

  /** Describes a clip twice, the second time from the cache, and times a text. */
  async describeAndTime(
    name: string,
    model: string,
    { rows, perFrame, slices }: { readonly rows: number; readonly perFrame: number; readonly slices: number },
  ): Promise<void> {
    const { trace } = this.expected(name)
    const home = this.#home()
    const sampling = samplingSchema.parse({ maxTokens: 8 })
    const clip = this.clipOf(trace)
    const answers: Pick<Answer, 'text' | 'cached' | 'frames' | 'tokens'>[] = []
    for (let process = 0; process < 2; process++) {
      await using engine = new Engine({ model, device: 'cpu', home, cache: true })
      const estimate = await engine.estimate({ clip, text: 'What happens?', maxTokens: 8, measure: false }, signal)
      expect(estimate).toMatchObject({ problem: null, tokens: { perFrame, visual: rows } })
      const seen: number[] = []
      for await (const event of engine.answer('described', { kind: 'ask', text: 'What happens?', clip, sampling }, signal)) {
        if (event.kind === 'frame') seen.push(event.done)
        if (event.kind === 'done') answers.push(event.answer)
      }
      expect(seen).toEqual(process === 0 ? trace.indices.map((_, i) => i + 1) : [])
      if (process === 0) continue
      const scored: number[] = []
      const text = 'A circle moves. Then it stops.'
      for await (const event of engine.timeText('described', { turn: { kind: 'regenerate' }, text, precision: 0.5 }, signal)) {
        if (event.kind === 'scored') scored.push(event.of)
        if (event.kind === 'timed') expect(event.timed.sentences).toHaveLength(2)
      }
      expect(scored).toEqual(Array<number>(slices).fill(slices))
    }
    const [cold, warm] = answers
    expect(cold).toMatchObject({ cached: 'nothing', tokens: { visual: rows } })
    expect(cold?.frames.map(({ index }) => index)).toEqual(trace.indices)
    expect(warm).toMatchObject({ cached: 'state', text: cold?.text, frames: cold?.frames })
  }
}

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
