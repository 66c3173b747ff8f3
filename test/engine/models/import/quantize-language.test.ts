import { existsSync } from 'node:fs'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../../../src/engine/engine.ts'
import { GgufFile } from '../../../../src/engine/formats/gguf/gguf-file.ts'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { type QuantizedPrecision, quantizeLanguage } from '../../../../src/engine/models/import/quantize-language.ts'
import { readManifest } from '../../../../src/engine/models/manifest.ts'
import { MANIFEST_FILE } from '../../../../src/shared/model-manifest.ts'
import { samplingSchema } from '../../../../src/shared/sampling.ts'
import { writeRandomCheckpoint } from '../../../../tools/bench/random-model.ts'
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

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-quantize-'))
  await writeRandomCheckpoint(join(scratch, 'wide'), {
    layers: 4,
    width: 256,
    feedForward: 512,
    heads: 2,
    keyValueHeads: 1,
    vision: { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 },
  })
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

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
  it('equals an import of rows of 256, and removes the f16 file', async () => {
    const titles = new Set<string>()
    const directory = await importCheckpoint(join(scratch, 'wide'), {
      name: precision,
      language: precision,
      vision: 'f32',
      home: scratch,
      signal: never,
      onProgress: ({ title }) => titles.add(title),
    })
    expect((await readdir(directory)).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
    expect((await readManifest(directory)).language.precision).toBe(precision)
    expect([...titles]).toContain('quantizing the language model')
    const found = await typesIn(join(directory, 'language.gguf'))
    expect(found.fileType).toBe(fileType)
    expect([...new Set([...found.matrices.values()].map(({ type }) => type))].sort((a, b) => a - b)).toEqual(types)
    expect(found.matrices.get('token_embd.weight')?.type).toBe(table)
    await using _loaded = await loadTiny(join(directory, 'language.gguf'))
  })

  it("preserves the demo model's answers, though its rows of 192 need types with smaller blocks", async () => {
    const path = join(scratch, `demo-${precision}.gguf`)
    const parts: number[] = []
    await quantizeLanguage(join(demo, 'language.gguf'), path, { precision, signal: never, onProgress: (part) => parts.push(part) })
    expect(parts).toEqual(parts.toSorted((a, b) => a - b))
    expect(parts.length).toBeGreaterThan(10)
    const { matrices } = await typesIn(path)
    for (const [name, { type, row }] of matrices) expect(row % 256 === 0 ? types : narrow, name).toContain(type)
    expect(await describeExamples(await demoWith(path, precision))).toEqual(await describeExamples(demo))
  })
})

describe('incomplete quantization', () => {
  const start = (act: () => void, signal: AbortSignal = never) => {
    const path = join(scratch, 'unfinished.gguf')
    const options = { precision: 'q4_k_m', signal, onProgress: act } as const
    return { path, run: quantizeLanguage(join(demo, 'language.gguf'), path, options) }
  }

  it('leaves no file after an abort', async () => {
    const controller = new AbortController()
    const { path, run } = start(() => controller.abort(), controller.signal)
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(path)).toBe(false)
    await expect(start(() => {}, AbortSignal.abort()).run).rejects.toMatchObject({ name: 'AbortError' })
  })

  it.skipIf(!canListProcesses)('reports the death of its process and leaves no file', async () => {
    const before = childrenOf(process.pid)
    let killed = false
    const { path, run } = start(() => {
      if (killed) return
      killed = true
      for (const pid of childrenOf(process.pid)) if (!before.includes(pid)) process.kill(pid, crash)
    })
    await expect(run).rejects.toMatchObject({ code: 'engine-crashed', details: { why: reasonOf(crash) } })
    expect(existsSync(path)).toBe(false)
  })

  it("reports llama.cpp's reason for rejecting a file, and the path that it could not write", async () => {
    const quantized = join(scratch, 'once.gguf')
    await quantizeLanguage(tinyModel, quantized, { precision: 'q6_k', signal: never })
    const again = quantizeLanguage(quantized, join(scratch, 'twice.gguf'), { precision: 'q4_k_m', signal: never })
    await expect(again).rejects.toMatchObject({ code: 'model-damaged', message: expect.stringContaining('requantizing') })
    const nowhere = quantizeLanguage(tinyModel, join(scratch, 'no', 'such.gguf'), { precision: 'q6_k', signal: never })
    await expect(nowhere).rejects.toMatchObject({ code: 'write-failed' })
  })
})
