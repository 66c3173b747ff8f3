import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../../../src/engine/engine.ts'
import { toHalves } from '../../../../src/engine/formats/float-formats.ts'
import { GgufFile } from '../../../../src/engine/formats/gguf/gguf-file.ts'
import { VOCABULARY_TEXTS } from '../../../../src/engine/language/gguf-vocabulary.ts'
import { openGgufPair } from '../../../../src/engine/models/import/gguf-pair.ts'
import { type ImportOptions, importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest, verifyModel } from '../../../../src/engine/models/manifest.ts'
import type { TarsierError } from '../../../../src/shared/errors.ts'
import { samplingSchema } from '../../../../src/shared/sampling.ts'
import { CheckpointCopy, checkpointPath, safetensorsBytes } from '../../../helpers/checkpoint-folder.ts'
import { makeGguf, value } from '../../../helpers/gguf-file.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { runCli } from '../../cli/run-cli.ts'

// Made by llama.cpp's own converters with tools/reference/gguf_pair_fixture.py and llava_pair_fixture.py, which preserve the checkpoint's
// numbers bit for bit.
const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/gguf-pair/${name}`, import.meta.url))
const LANGUAGE = fixture('tied-heads-of-16-bf16.gguf')
const MMPROJ = fixture('mmproj-tied-heads-of-16-bf16.gguf')
const LLAVA = fixture('llava-heads-of-16-f16.gguf')
const LLAVA_MMPROJ = fixture('mmproj-llava-heads-of-16-f16.gguf')
const NEWEST = fixture('qwen3-vl-heads-of-64-f32.gguf')
const NEWEST_MMPROJ = fixture('mmproj-qwen3-vl-heads-of-64-bf16.gguf')
const never = new AbortController().signal

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
})
afterAll(() => scratch[Symbol.asyncDispose]())

const importPair = (source: string, options: Partial<ImportOptions> = {}) =>
  importCheckpoint(source, { name: 'pair', language: 'q8_0', vision: 'f32', home: scratch.directory, signal: never, ...options })

async function answer(model: string): Promise<string> {
  await using engine = new Engine({ model, home: scratch.directory, device: 'cpu', cache: false })
  const clip = {
    path: fileURLToPath(new URL('../../../fixtures/parity/clips/odd.mp4', import.meta.url)),
    frames: { kind: 'uniform', count: 3 },
  } as const
  const sampling = samplingSchema.parse({ maxTokens: 24 })
  let text = ''
  for await (const event of engine.answer('c', { kind: 'ask', text: 'Describe the video in detail.', clip, sampling }, never)) {
    if (event.kind === 'delta') text += event.text
  }
  return text
}

/** What llama.cpp computes with: tensors, and metadata except names and descriptions. */
async function languageFacts(path: string) {
  await using gguf = await GgufFile.open(path, VOCABULARY_TEXTS)
  const bytes = await readFile(path)
  const { tensors, values } = gguf.head
  return {
    values: new Map([...values].filter(([key]) => !key.startsWith('general.') || key === 'general.architecture')),
    // In any order of the file.
    tensors: Object.fromEntries(
      [...tensors].map(([name, { type, shape, position, bytes: length }]) => [
        name,
        {
          type,
          shape,
          sha256: createHash('sha256')
            .update(bytes.subarray(position, position + length))
            .digest('hex'),
        },
      ]),
    ),
  }
}

/** The manifest as the pair has it: float16, and without separators, which llama.cpp's converters do not know. It pads, as all pairs do. */
async function asLlava(checkpoint: CheckpointCopy): Promise<void> {
  await checkpoint.json('config.json', ({ image_newline_idx, image_new_idx, ...config }) => ({
    ...config,
    architectures: ['LlavaForConditionalGeneration'],
    do_image_padding: true,
  }))
  const halves = [...(await checkpoint.tensors())].map(([name, { shape, bytes }]) => {
    const half = toHalves(bytes, 'BF16')
    if (!half) throw new Error(`${name} does not fit`)
    return [name, { dtype: 'F16', shape, bytes: new Uint8Array(half.buffer, half.byteOffset, half.byteLength) }] as const
  })
  await writeFile(checkpoint.path('model.safetensors'), safetensorsBytes(new Map(halves)))
}

describe('a pair of GGUFs', () => {
  it('imports as the model of its checkpoint: the same tower bytes and prompts', async () => {
    const pair = await importPair(LANGUAGE, { mmproj: MMPROJ })
    const whole = await importPair(checkpointPath('tied-heads-of-16'), { name: 'whole', language: 'f32' })
    const [one, other] = [await verifyModel(pair, never), await readManifest(whole)]
    expect(one.vision).toEqual(other.vision)
    expect(one).toEqual({ ...other, name: 'pair', source: one.source, language: one.language })
    expect(one.language).toMatchObject({ precision: 'other', width: 64, context: 32768, bytes: (await stat(LANGUAGE)).size })
    expect(one.source).toEqual({ repository: 'tied-heads-of-16-bf16.gguf', revision: null })
    expect((await readFile(join(pair, 'language.gguf'))).equals(await readFile(LANGUAGE))).toBe(true)
    const answerText = await answer(pair)
    expect(answerText.length).toBeGreaterThan(10)
    expect(answerText).toBe(await answer(whole))
  })

  it('of LLaVA imports as the model of its checkpoint: the same tower bytes, language model and prompts', async () => {
    await using checkpoint = await CheckpointCopy.of('tarsier-heads-of-16')
    await asLlava(checkpoint)
    const pair = await importPair(LLAVA, { name: 'llava', mmproj: LLAVA_MMPROJ })
    const home = { home: checkpoint.home, name: 'llava', language: 'f16' } as const
    const whole = await importPair(checkpoint.directory, home)
    const [one, other] = [await verifyModel(pair, never), await readManifest(whole)]
    expect(one.vision).toEqual(other.vision)
    expect(one).toEqual({ ...other, source: one.source, language: one.language })
    expect(one.language).toMatchObject({ precision: 'f16', width: 32, context: 256 })
    const [ours, converters] = [await languageFacts(join(whole, 'language.gguf')), await languageFacts(LLAVA)]
    // The converter takes the merge scores from tokenizer.model, while this program uses tokenizer.json: other numbers for the same order
    // of merges.
    for (const { values } of [ours, converters]) expect(values.delete('tokenizer.ggml.scores')).toBe(true)
    expect(converters).toEqual(ours)
    const answerText = await answer(pair)
    expect(answerText.length).toBeGreaterThan(10)
    expect(answerText).toBe(await answer(whole))
  })

  it('of Qwen2.5-VL imports as the model of its checkpoint: the same tower bytes and prompts', async () => {
    const pair = await importPair(fixture('qwen2-5-vl-heads-of-16-bf16.gguf'), {
      name: 'newer',
      mmproj: fixture('mmproj-qwen2-5-vl-heads-of-16-bf16.gguf'),
    })
    const checkpoint = fileURLToPath(new URL('../../../fixtures/qwen2-5-vl/checkpoints/tied-heads-of-16', import.meta.url))
    const whole = await importPair(checkpoint, { name: 'newer-whole', language: 'f32' })
    const [one, other] = [await verifyModel(pair, never), await readManifest(whole)]
    expect(one.vision).toEqual(other.vision)
    expect(one).toEqual({ ...other, name: 'newer', source: one.source, language: one.language })
    expect((await answer(pair)).length).toBeGreaterThan(10)
  })

  it('of Qwen3-VL imports as the model of its checkpoint: the same tower bytes, language model and prompts', async () => {
    const pair = await importPair(NEWEST, { name: 'newest', mmproj: NEWEST_MMPROJ })
    // Its tower has a merger for the second of its layers.
    const checkpoint = fileURLToPath(new URL('../../../fixtures/qwen3-vl/checkpoints/wide-heads-of-64', import.meta.url))
    const whole = await importPair(checkpoint, { name: 'newest-whole', language: 'f32' })
    const [one, other] = [await verifyModel(pair, never), await readManifest(whole)]
    expect(one.vision).toEqual(other.vision)
    // The converter does not write the limits of pictures, so they are those of published checkpoints.
    const preprocessing = { ...other.preprocessing, minPixels: 65536 }
    expect(one).toEqual({ ...other, name: 'newest', source: one.source, language: one.language, preprocessing })
    expect(one.language).toMatchObject({ precision: 'f32', width: 64 })
    const [ours, converters] = [await languageFacts(join(whole, 'language.gguf')), await languageFacts(NEWEST)]
    expect(converters).toEqual(ours)
    const answerText = await answer(pair)
    expect(answerText.length).toBeGreaterThan(10)
    expect(answerText).toBe(await answer(whole))
  })

  it('of LLaVA imports without a projector name, which files of 2023 do not have', async () => {
    const named = await readFile(LLAVA_MMPROJ)
    // An unused key of the same length.
    const unnamed = await scratch.write(
      'unnamed.gguf',
      Buffer.from(named.toString('latin1').replace('clip.projector_type', 'clip.projector_name'), 'latin1'),
    )
    const one = await readManifest(await importPair(LLAVA, { name: 'unnamed', mmproj: unnamed }))
    const other = await readManifest(await importPair(LLAVA, { name: 'named', mmproj: LLAVA_MMPROJ }))
    expect(one.vision).toEqual(other.vision)
  })

  it('is accepted in either order, and in a folder', async () => {
    const folder = scratch.path('folder')
    await mkdir(folder)
    await cp(LANGUAGE, join(folder, 'a.gguf'))
    await cp(MMPROJ, join(folder, 'b.GGUF'))
    await writeFile(join(folder, '._a.gguf'), 'what macOS puts beside a file')
    const one = await readManifest(await importPair(folder, { name: 'one' }))
    const other = await readManifest(await importPair(MMPROJ, { name: 'other', mmproj: LANGUAGE }))
    expect(other.language.sha256).toBe(one.language.sha256)
    expect(other.vision.sha256).toBe(one.vision.sha256)
    await cp(MMPROJ, join(folder, 'c.gguf'))
    await expect(importPair(folder, { name: 'three' })).rejects.toMatchObject({ code: 'usage', message: /3 GGUF files.*separate folder/ })
  })

  it('is imported by the command line', async () => {
    const args = ['models', 'import', LANGUAGE, '--mmproj', MMPROJ, '--name', 'typed', '--vision', 'f32', '--home', scratch.directory]
    const { code, stdout } = await runCli(args)
    expect(code).toBe(0)
    expect((await readManifest(stdout.trim())).language.precision).toBe('other')
    expect(await runCli(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('A model "typed" already exists') })
  })

  it('leaves its source files unchanged, also when the model is removed', async () => {
    const own = scratch.path('own.gguf')
    await cp(LANGUAGE, own)
    await rm(await importPair(own, { name: 'gone', mmproj: MMPROJ }), { recursive: true })
    expect((await readFile(own)).equals(await readFile(LANGUAGE))).toBe(true)
  })

  const failure = (source: string, mmproj?: string) =>
    importPair(source, { name: 'bad', ...(mmproj !== undefined && { mmproj }) }).then(
      () => 'imported',
      ({ code, message }: TarsierError) => `${code}: ${message}`,
    )

  it('is rejected with the name of what is missing or wrong', async () => {
    expect(await failure(LANGUAGE)).toMatch(/^usage: .*is only a language model/)
    expect(await failure(LANGUAGE, LANGUAGE)).toMatch(/^model-unsupported: .*both language models/)
    expect(await failure(MMPROJ, MMPROJ)).toMatch(/^model-unsupported: .*both vision towers/)
    expect(await failure(LANGUAGE, scratch.path('none.gguf'))).toMatch(/^file-missing/)
    const cut = scratch.path('cut.gguf')
    await cp(MMPROJ, cut)
    await truncate(cut, 100_000)
    expect(await failure(LANGUAGE, cut)).toMatch(/^model-damaged: .*truncated/)
  })

  it('of Qwen3-VL is rejected if its language model takes the rows of fewer mergers', async () => {
    const changed = await readFile(NEWEST)
    const key = Buffer.from('qwen3vl.n_deepstack_layers')
    // After the key and the type of the value.
    changed.writeUInt32LE(0, changed.indexOf(key) + key.length + 4)
    const language = await scratch.write('no-deepstack.gguf', changed)
    expect(await failure(language, NEWEST_MMPROJ)).toMatch(/^model-mismatch: .* rows of 64 values, .* requires 32/)
  })

  it('with any damaged byte in the head of the mmproj file is rejected or imports unchanged', async () => {
    const good = await readFile(MMPROJ)
    await using gguf = await GgufFile.open(MMPROJ)
    const start = Math.min(...[...gguf.head.tensors.values()].map(({ position }) => position))
    const path = scratch.path('spoilt.gguf')
    for (let at = 0; at < start; at += 7) {
      const damaged = Buffer.from(good)
      damaged[at] = (damaged[at] ?? 0) ^ 0xff
      await writeFile(path, damaged)
      await openGgufPair([LANGUAGE, path], { name: 'x' }).then(
        (pair) => pair[Symbol.asyncDispose](),
        (error: TarsierError) => expect(error.code, `${at}: ${error.stack}`).toMatch(/^model-(damaged|unsupported|mismatch)$/),
      )
    }
  })

  it.each<[string, string, RegExp]>([
    ['another projector', 'resampler', /^model-unsupported: .*"resampler".*supported/],
    ["Qwen2.5-VL's", 'qwen2.5vl_merger', /^model-unsupported/],
    ["LLaVA's with Qwen2-VL's language model", 'mlp', /^model-unsupported/],
  ])('is not supported with %s', async (_, projector, message) => {
    const colours = value.f32s([0.5, 0.5, 0.5])
    const keys = {
      'general.architecture': value.text('clip'),
      'clip.has_vision_encoder': value.bool(true),
      'clip.projector_type': value.text(projector),
      'clip.vision.block_count': value.u32(1),
      'clip.vision.embedding_length': value.u32(32),
      'clip.vision.attention.head_count': value.u32(2),
      'clip.vision.patch_size': value.u32(14),
      'clip.vision.image_size': value.u32(28),
      'clip.vision.image_mean': colours,
      'clip.vision.image_std': colours,
    }
    const path = await scratch.write('other.gguf', makeGguf({ keys: Object.entries(keys), tensors: [{ name: 'x' }] }))
    expect(await failure(LANGUAGE, path)).toMatch(message)
  })
})
