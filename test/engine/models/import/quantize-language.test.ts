import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../../../src/engine/engine.ts'
import { GgufFile } from '../../../../src/engine/formats/gguf/gguf-file.ts'
import { callAsync } from '../../../../src/engine/language/llama-header.ts'
import { openLlamaLibrary } from '../../../../src/engine/language/llama-library.ts'
import { type ImportOptions, importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import type { QuantizedPrecision } from '../../../../src/engine/models/import/quantize-language.ts'
import { Quantizer } from '../../../../src/engine/models/import/quantizer.ts'
import { readManifest } from '../../../../src/engine/models/manifest.ts'
import type { Progress } from '../../../../src/shared/engine-events.ts'
import { MANIFEST_FILE } from '../../../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../../../src/shared/sampling.ts'
import { type Sizes, writeRandomCheckpoint } from '../../../../tools/bench/random-model.ts'
import { canListProcesses, childrenOf } from '../../../helpers/child-processes.ts'
import { crash, reasonOf } from '../../../helpers/signals.ts'
import { loadTiny, never, tinyModel } from '../../language/tiny-model.ts'

const resources = fileURLToPath(new URL('../../../../resources/', import.meta.url))
const demo = join(resources, 'models/demo')
const examples = join(resources, 'examples')
/** ggml's numbers of tensor types. */
const Q5_0 = 6
const Q5_1 = 7
const Q8_0 = 8
const Q4_K = 12
const Q5_K = 13
const Q6_K = 14
const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
const sizes = {
  /** Rows of whole blocks of K-quants. */
  wide: { layers: 4, width: 256, feedForward: 512, heads: 2, keyValueHeads: 1, vision },
  /** Rows that need types with smaller blocks. */
  narrow: { layers: 4, width: 192, feedForward: 416, heads: 3, keyValueHeads: 1, untied: { vocabulary: 20_000 }, vision },
  /** More than 64 MB after quantization, so that the journal is written before the end; narrow rows are quantized quickly. */
  large: { layers: 3, width: 1504, feedForward: 6016, heads: 47, keyValueHeads: 47, vision },
} as const satisfies Record<string, Sizes>

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-quantize-'))
  for (const [name, size] of Object.entries(sizes)) await writeRandomCheckpoint(join(scratch, name), size)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

function importModel(source: keyof typeof sizes, home: string, options: Partial<ImportOptions> = {}): Promise<string> {
  return importCheckpoint(join(scratch, source), {
    name: 'm',
    language: 'q4_k_m',
    vision: 'f32',
    signal: never,
    ...options,
    home: join(scratch, home),
  })
}

/** llama.cpp's own quantizer, which reads and writes whole files. */
async function quantizedByLlama(source: string, destination: string, ftype: number): Promise<string> {
  const { api } = await openLlamaLibrary('cpu')
  expect(await callAsync(api.quantize, source, destination, { ...api.quantizeDefaultParams(), ftype })).toBe(0)
  return destination
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

async function typesIn(path: string): Promise<{ fileType: unknown; matrices: Map<string, { type: number; row: number }> }> {
  await using gguf = await GgufFile.open(path)
  const matrices = new Map<string, { type: number; row: number }>()
  for (const [name, { type, shape }] of gguf.head.tensors) {
    if (shape.length === 1) expect(type, name).toBe(0)
    else matrices.set(name, { type, row: shape[0] ?? 0 })
  }
  return { fileType: gguf.head.values.get('general.file_type'), matrices }
}

/** The demo model's folder with another language model file. */
async function demoWith(language: string, precision: QuantizedPrecision): Promise<string> {
  const folder = join(scratch, `demo-${precision}`)
  await cp(demo, folder, { recursive: true })
  await copyFile(language, join(folder, 'language.gguf'))
  const manifest = JSON.parse(await readFile(join(folder, MANIFEST_FILE), 'utf8'))
  manifest.language = { ...manifest.language, precision, bytes: (await stat(language)).size }
  await writeFile(join(folder, MANIFEST_FILE), JSON.stringify(manifest))
  return folder
}

async function describeExamples(model: string): Promise<string[]> {
  await using engine = new Engine({ model, home: scratch, device: 'cpu', cache: false })
  const answers: string[] = []
  for (const name of ['blue-square-spins.mp4', 'red-circle-right-then-grows.mp4']) {
    const clip = { path: join(examples, name), frames: { kind: 'uniform', count: 8 } } as const
    const sampling = samplingSchema.parse({ maxTokens: 64 })
    const turn = { kind: 'ask', text: 'Describe the video in detail.', clip, sampling } as const
    for await (const event of engine.answer(name, turn, never)) if (event.kind === 'done') answers.push(event.answer.text)
  }
  return answers
}

describe.each<[QuantizedPrecision, { fileType: number; types: number[]; table: number; narrow: number[] }]>([
  ['q6_k', { fileType: 18, types: [Q6_K], table: Q6_K, narrow: [Q8_0] }],
  ['q5_k_m', { fileType: 17, types: [Q5_K, Q6_K], table: Q6_K, narrow: [Q5_1, Q8_0] }],
  ['q4_k_m', { fileType: 15, types: [Q4_K, Q6_K], table: Q6_K, narrow: [Q5_0, Q8_0] }],
])('%s', (precision, { fileType, types, table, narrow }) => {
  it.each(['wide', 'narrow'] as const)(
    "an import of %s rows has the bytes of llama.cpp's quantizer, and leaves no other file",
    async (source) => {
      const titles = new Set<string>()
      const directory = await importModel(source, `${source}-${precision}`, {
        language: precision,
        onProgress: ({ title }) => titles.add(title),
      })
      expect((await readdir(directory)).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
      expect((await readManifest(directory)).language.precision).toBe(precision)
      expect([...titles]).toContain('quantizing the language model')
      const path = join(directory, 'language.gguf')
      const { fileType: found, matrices } = await typesIn(path)
      expect(found).toBe(fileType)
      const expected = source === 'wide' ? types : narrow
      expect([...new Set([...matrices.values()].map(({ type }) => type))].sort((a, b) => a - b)).toEqual(expected)
      if (source === 'wide') expect(matrices.get('token_embd.weight')?.type).toBe(table)
      await using _loaded = await loadTiny(path)

      const half = await importModel(source, `${source}-${precision}-half`, { language: 'f16' })
      const theirs = await quantizedByLlama(join(half, 'language.gguf'), join(scratch, `${source}-${precision}.gguf`), fileType)
      expect(await sha256(path)).toBe(await sha256(theirs))
    },
  )

  it("preserves the demo model's answers, though its rows of 192 need types with smaller blocks", async () => {
    const path = await quantizedByLlama(join(demo, 'language.gguf'), join(scratch, `demo-${precision}.gguf`), fileType)
    const { matrices } = await typesIn(path)
    for (const [name, { type, row }] of matrices) expect(row % 256 === 0 ? types : narrow, name).toContain(type)
    expect(await describeExamples(await demoWith(path, precision))).toEqual(await describeExamples(demo))
  })
})

describe('incomplete quantization', () => {
  it('resumes after an abort with the tensors that are missing', async () => {
    const whole = await readManifest(await importModel('large', 'whole'))
    const models = join(scratch, 'resumed', 'models')
    const controller = new AbortController()
    const onProgress = async ({ title }: Progress) => {
      if (!title.startsWith('quantizing') || controller.signal.aborted) return
      const [folder = ''] = await readdir(models)
      if (existsSync(join(models, folder, 'journal.json'))) controller.abort()
    }
    await expect(importModel('large', 'resumed', { signal: controller.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
    const [folder = ''] = await readdir(models)
    expect((await readdir(join(models, folder))).sort()).toEqual(['journal.json', 'language.gguf'])
    const titles: string[] = []
    const directory = await importModel('large', 'resumed', { onProgress: ({ title }) => titles.push(title) })
    expect(titles[0]).toBe('checking files of the previous import')
    expect(titles).toContain('quantizing the language model')
    expect(await readManifest(directory)).toEqual(whole)
    expect(await readdir(models)).toEqual(['m'])
  })

  it('leaves nothing after an abort before anything is complete', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    await expect(importModel('wide', 'aborted', { signal: controller.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(join(scratch, 'aborted'))).toBe(false)
    expect(() => Quantizer.start(AbortSignal.abort())).toThrow(expect.objectContaining({ name: 'AbortError' }))
  })

  it.skipIf(!canListProcesses)('reports the death of its process and leaves nothing', async () => {
    const before = childrenOf(process.pid)
    let killed = false
    const onProgress = () => {
      if (killed) return
      killed = true
      for (const pid of childrenOf(process.pid)) if (!before.includes(pid)) process.kill(pid, crash)
    }
    await expect(importModel('large', 'crashed', { onProgress })).rejects.toMatchObject({
      code: 'engine-crashed',
      details: { why: reasonOf(crash) },
    })
    expect(existsSync(join(scratch, 'crashed'))).toBe(false)
  })

  it("reports llama.cpp's reason for rejecting a file, and the path that it could not write", async () => {
    await using quantizer = Quantizer.start(never)
    const quantized = join(scratch, 'once.gguf')
    await quantizer.file(tinyModel, quantized, 18)
    const again = quantizer.file(quantized, join(scratch, 'twice.gguf'), 15)
    await expect(again).rejects.toMatchObject({ code: 'model-damaged', message: expect.stringContaining('requantizing') })
    const nowhere = quantizer.file(tinyModel, join(scratch, 'no', 'such.gguf'), 18)
    await expect(nowhere).rejects.toMatchObject({ code: 'write-failed' })
  })
})
