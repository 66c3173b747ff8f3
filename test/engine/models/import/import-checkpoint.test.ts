import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { readGgufFileInfo } from 'node-llama-cpp'
import { afterAll, describe, expect, it } from 'vitest'
import { type ImportOptions, importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { claimStagingFolder } from '../../../../src/engine/models/import/staging-folders.ts'
import { readManifest, verifyModel } from '../../../../src/engine/models/manifest.ts'
import { listModels } from '../../../../src/engine/models/registry.ts'
import type { ModelManifest } from '../../../../src/shared/model-manifest.ts'
import { CheckpointCopy, type CheckpointName, type RawTensor, safetensorsBytes, writeSharded } from '../../../helpers/checkpoint-folder.ts'
import { GgmlBase } from './ggml-base.ts'

const ggml = await GgmlBase.open()
afterAll(() => ggml.close())

const importCopy = (copy: CheckpointCopy, options: Partial<ImportOptions> = {}) =>
  importCheckpoint(copy.directory, {
    name: 'm',
    language: 'f32',
    vision: 'f32',
    home: copy.home,
    signal: new AbortController().signal,
    ...options,
  })

/** A tensor of a GGUF file: type number, dimensions in the file's order, and bytes. */
async function ggufTensors(directory: string) {
  const path = join(directory, 'language.gguf')
  const info = await readGgufFileInfo(path, { readTensorInfo: true, logWarnings: false })
  const file = await readFile(path)
  const tensors = (info.fullTensorInfo ?? []).map((tensor) => {
    const begin = Number(tensor.filePart === 1 ? tensor.fileOffset : -1)
    return { ...tensor, dims: tensor.dimensions.map(Number), from: begin }
  })
  return { metadata: info.metadata, tensors, file }
}

const names: [CheckpointName, { tied: boolean; layers: number }][] = [
  ['tied-heads-of-16', { tied: true, layers: 2 }],
  ['grouped-heads-of-32', { tied: false, layers: 1 }],
  ['newer-keys-heads-of-64', { tied: false, layers: 1 }],
  ['tied-heads-of-128', { tied: true, layers: 1 }],
]

/** Tensor names as llama.cpp's converter writes them. */
function converted(key: string): string | null {
  const name = key.replace(/^model\.(language_model\.)?/, '')
  const fixed: Record<string, string> = {
    'embed_tokens.weight': 'token_embd.weight',
    'norm.weight': 'output_norm.weight',
    'lm_head.weight': 'output.weight',
  }
  if (fixed[name]) return fixed[name]
  const parts: Record<string, string> = {
    input_layernorm: 'attn_norm',
    post_attention_layernorm: 'ffn_norm',
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
  }
  const match = /^layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)
  const part = parts[match?.[2] ?? '']
  return match && part ? `blk.${match[1]}.${part}.${match[3]}` : null
}

function brainFloats({ dtype, bytes }: RawTensor): Float32Array {
  expect(dtype).toBe('BF16')
  const words = new Uint16Array(bytes.slice().buffer)
  return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer)
}

describe.each(names)('%s', (name, { tied, layers }) => {
  it.each(['f32', 'f16', 'q8_0'] as const)("becomes a GGUF with ggml's names, shapes and bytes in %s", async (language) => {
    await using copy = await CheckpointCopy.of(name)
    const { tensors, file, metadata } = await ggufTensors(await importCopy(copy, { language }))
    const stored = new Map([...(await copy.tensors())].map(([key, tensor]) => [converted(key), tensor]))
    stored.delete(null) // the tower's
    if (tied) stored.delete('output.weight')
    expect(tensors.map((tensor) => tensor.name).sort()).toEqual([...stored.keys()].sort())
    expect(tensors).toHaveLength(2 + (tied ? 0 : 1) + 12 * layers)
    for (const tensor of tensors) {
      const source = stored.get(tensor.name)
      if (!source) throw new Error(`no ${tensor.name}`)
      expect(tensor.dims).toEqual(source.shape.toReversed())
      const wanted = source.shape.length === 1 ? 'f32' : language === 'q8_0' && (source.shape[1] ?? 0) % 32 !== 0 ? 'f16' : language
      const expected = ggml.quantize(brainFloats(source), wanted)
      expect(tensor.ggmlType).toBe({ f32: 0, f16: 1, q8_0: 8 }[wanted])
      expect(tensor.from % 32).toBe(0)
      expect(file.subarray(tensor.from, tensor.from + expected.byteLength).equals(expected), tensor.name).toBe(true)
    }
    expect(metadata.general.file_type).toBe({ f32: 0, f16: 1, q8_0: 7 }[language])
  })

  it('writes its settings to the metadata', async () => {
    await using copy = await CheckpointCopy.of(name)
    const { metadata } = await ggufTensors(await importCopy(copy))
    const config = JSON.parse(await readFile(copy.path('config.json'), 'utf8'))
    const text = { ...config, ...config.text_config }
    const rope = text.rope_parameters ?? { ...text.rope_scaling, rope_theta: text.rope_theta }
    expect(metadata.general).toMatchObject({ architecture: 'qwen2vl', type: 'model', name: 'm', quantization_version: 2 })
    expect((metadata as Record<string, unknown>).qwen2vl).toMatchObject({
      block_count: text.num_hidden_layers,
      context_length: 32768,
      embedding_length: text.hidden_size,
      feed_forward_length: text.intermediate_size,
      attention: {
        head_count: text.num_attention_heads,
        head_count_kv: text.num_key_value_heads,
        layer_norm_rms_epsilon: Math.fround(text.rms_norm_eps),
      },
      rope: { freq_base: rope.rope_theta, dimension_sections: [...rope.mrope_section, 0] },
    })
    const settings = JSON.parse(await readFile(copy.path('tokenizer_config.json'), 'utf8'))
    const { model } = JSON.parse(await readFile(copy.path('tokenizer.json'), 'utf8'))
    const idOf = (content: string) =>
      Number(Object.entries<{ content: string }>(settings.added_tokens_decoder).find(([, token]) => token.content === content)?.[0])
    const { ggml: tokenizer, chat_template } = metadata.tokenizer
    expect(chat_template).toBe(settings.chat_template)
    expect(tokenizer).toMatchObject({
      model: 'gpt2',
      pre: 'qwen2',
      eos_token_id: idOf('<|im_end|>'),
      bos_token_id: idOf('<|endoftext|>'),
      padding_token_id: idOf('<|endoftext|>'),
      merges: model.merges.map((merge: string | string[]) => (typeof merge === 'string' ? merge : merge.join(' '))),
    })
    // As in the settings; llama.cpp adds no token before a text for qwen2.
    expect(tokenizer.add_bos_token).toBe(settings.add_bos_token)
    expect(tokenizer.tokens).toHaveLength(text.vocab_size)
    for (const [token, id] of Object.entries<number>(model.vocab)) {
      expect(tokenizer.tokens[id]).toBe(token)
      expect(tokenizer.token_type?.[id]).toBe(1)
    }
    for (const [id, token] of Object.entries<{ content: string }>(settings.added_tokens_decoder)) {
      expect(tokenizer.tokens[Number(id)]).toBe(token.content)
      expect(tokenizer.token_type?.[Number(id)]).toBe(3)
    }
    const named = Object.keys(model.vocab).length + Object.keys(settings.added_tokens_decoder).length
    expect(tokenizer.tokens.slice(named)).toEqual(Array.from({ length: text.vocab_size - named }, (_, i) => `[PAD${named + i}]`))
  })
})

const fingerprint = ({ language, vision }: ModelManifest) => ({
  language: language.sha256,
  vision: vision.sha256,
  data: vision.data?.sha256,
})

describe('different forms of a checkpoint', () => {
  const rename = (tensors: Map<string, RawTensor>, how: (key: string) => string) =>
    new Map([...tensors].map(([key, tensor]) => [how(key), tensor]))

  it.each<[string, (copy: CheckpointCopy) => Promise<void>]>([
    [
      'newer keys',
      async (copy) => {
        const newer = (key: string) => (key.startsWith('visual.') ? `model.${key}` : key.replace(/^model\./, 'model.language_model.'))
        await writeFile(copy.path('model.safetensors'), safetensorsBytes(rename(await copy.tensors(), newer)))
      },
    ],
    ['shards', async (copy) => writeSharded(copy, await copy.tensors(), 3)],
    [
      'tensors in another order',
      async (copy) => writeFile(copy.path('model.safetensors'), safetensorsBytes(new Map([...(await copy.tensors())].reverse()))),
    ],
    [
      "newer transformers' config.json",
      (copy) =>
        copy.json(
          'config.json',
          ({ vision_config, model_type, architectures, rope_theta, rope_scaling, tie_word_embeddings, ...text }) => ({
            architectures,
            model_type,
            vision_config,
            text_config: {
              ...text,
              tie_word_embeddings,
              rope_parameters: {
                rope_type: 'default',
                rope_theta,
                mrope_section: rope_scaling.mrope_section,
              },
            },
          }),
        ),
    ],
    [
      "Tarsier2's wrapper",
      async (copy) => {
        const wrapped = (key: string) => (key.startsWith('visual.') ? key.replace('visual', 'vision_tower') : `language_model.${key}`)
        const tensors = [...(await copy.tensors())].map(([key, tensor]) => [wrapped(key), tensor] as const)
        await writeFile(copy.path('model.safetensors'), safetensorsBytes(new Map(tensors)))
        await copy.json('config.json', ({ vision_config, ...text }) => ({
          architectures: ['TarsierForConditionalGeneration'],
          model_type: 'llava',
          projection_head: null,
          vision_config: { ...vision_config, model_type: 'qwen2_vl' },
          text_config: { ...text, model_type: 'qwen2_vl' },
        }))
      },
    ],
    ['vocab.json and merges.txt alone', (copy) => copy.remove('tokenizer.json')],
    ['no generation settings', (copy) => copy.remove('generation_config.json')],
  ])('give the same model: %s', async (_, change) => {
    await using plain = await CheckpointCopy.of('grouped-heads-of-32')
    await using changed = await CheckpointCopy.of('grouped-heads-of-32')
    await change(changed)
    const [one, other] = [await readManifest(await importCopy(plain)), await readManifest(await importCopy(changed))]
    expect(fingerprint(other)).toEqual(fingerprint(one))
    expect(other).toEqual(one)
  })

  it('give another model when a weight differs', async () => {
    await using plain = await CheckpointCopy.of('grouped-heads-of-32')
    await using changed = await CheckpointCopy.of('grouped-heads-of-32')
    const tensors = await changed.tensors()
    const norm = tensors.get('model.norm.weight')
    if (!norm) throw new Error('no norm')
    norm.bytes[0] = (norm.bytes[0] ?? 0) ^ 1
    await writeFile(changed.path('model.safetensors'), safetensorsBytes(tensors))
    const [one, other] = [await readManifest(await importCopy(plain)), await readManifest(await importCopy(changed))]
    expect(other.language.sha256).not.toBe(one.language.sha256)
    expect(other.vision.sha256).toBe(one.vision.sha256)
  })
})

describe('the folder', () => {
  it('contains a manifest with everything for preprocessing and prompting, and is listed', async () => {
    await using copy = await CheckpointCopy.of('newer-keys-heads-of-64')
    await writeFile(copy.path('README.md'), '---\nlicense: apache-2.0\nlanguage:\n- en\n---\n# A model\n')
    const path = await importCopy(copy, { name: 'Tiny_1.0', language: 'q8_0', vision: 'f16', summary: 'Knows nothing.' })
    expect(path).toBe(join(copy.home, 'models', 'Tiny_1.0'))
    expect((await readdir(path)).sort()).toEqual(['language.gguf', 'tarsier-model.json', 'vision.onnx'])
    const manifest = await verifyModel(path, new AbortController().signal)
    expect(manifest).toMatchObject({
      formatVersion: 1,
      family: 'tarsier2',
      name: 'Tiny_1.0',
      summary: 'Knows nothing.',
      licence: 'apache-2.0',
      source: { repository: 'checkpoint', revision: null },
      language: { precision: 'q8_0', width: 64, context: 32768 },
      vision: { precision: 'f16', width: 64, patchSize: 14, mergeSize: 2, temporalPatchSize: 2, headSize: 80 },
      preprocessing: { minPixels: 3136, maxPixels: 14112, frameMaxPixels: 460800, clipMaxPixels: 18874368 },
      prompt: { videoPad: '<|video_pad|>', describe: 'Describe the video in detail.' },
      sampler: { kind: 'uniform', frames: 16 },
      maxSequence: 16384,
    })
    expect(manifest.prompt.template).toContain('<|vision_start|><|video_pad|><|vision_end|>')
    expect(JSON.stringify(manifest)).not.toContain(copy.home.slice(0, -5))
    const listed = (await listModels(copy.home)).find((entry) => entry.name === 'Tiny_1.0')
    expect(listed).toMatchObject({ directory: path, problem: null })
  })

  it('may be outside the home folder', async () => {
    await using copy = await CheckpointCopy.of('tied-heads-of-128')
    const destination = join(copy.home, 'resources', 'deep', 'demo')
    expect(await importCopy(copy, { name: 'demo', destination })).toBe(destination)
    expect((await readManifest(destination)).name).toBe('demo')
    expect(await readdir(join(copy.home, 'resources', 'deep'))).toEqual(['demo'])
  })

  it('reports monotonic progress from 0 to 1', async () => {
    await using copy = await CheckpointCopy.of('tied-heads-of-128')
    const values: number[] = []
    await importCopy(copy, { onProgress: ({ value }) => values.push(value) })
    expect(values[0]).toBeGreaterThan(0)
    expect(values.at(-1)).toBe(1)
    expect(values).toEqual(values.toSorted((a, b) => a - b))
  })

  it('is unchanged when the name is taken', async () => {
    await using copy = await CheckpointCopy.of('tied-heads-of-128')
    const path = await importCopy(copy)
    const before = await readFile(join(path, 'tarsier-model.json'), 'utf8')
    await expect(importCopy(copy, { language: 'f16' })).rejects.toMatchObject({ code: 'model-exists' })
    expect(await readFile(join(path, 'tarsier-model.json'), 'utf8')).toBe(before)
    expect(await readdir(join(copy.home, 'models'))).toEqual(['m'])
  })

  it.each([
    ['..', 'usage'],
    ['a/b', 'usage'],
    ['', 'usage'],
    ['.hidden', 'usage'],
    ['con', 'usage'],
    ['demo', 'model-exists'],
  ])('cannot be named "%s"', async (name, code) => {
    await using copy = await CheckpointCopy.of('tied-heads-of-128')
    await expect(importCopy(copy, { name })).rejects.toMatchObject({ code })
    expect(existsSync(copy.home)).toBe(false)
  })

  it('is removed after an abort at the first and at the last report of any step', async () => {
    await using copy = await CheckpointCopy.of('newer-keys-heads-of-64')
    const titles: string[] = []
    await importCopy(copy, { name: 'whole', onProgress: ({ title }) => titles.push(title) })
    const stops = titles.flatMap((title, i) => (title !== titles[i - 1] || title !== titles[i + 1] ? [i + 1] : [])).slice(0, -1)
    expect(stops.length).toBeGreaterThan(3)
    for (const stop of stops) {
      const abort = new AbortController()
      let seen = 0
      const importing = importCopy(copy, { signal: abort.signal, onProgress: () => ++seen === stop && abort.abort() })
      await expect(importing, `report ${stop}: ${titles[stop - 1]}`).rejects.toMatchObject({ name: 'AbortError' })
      expect((await listModels(copy.home)).map(({ name }) => name)).not.toContain('m')
      const names = await readdir(join(copy.home, 'models'))
      expect(names.filter((name) => !/^\.importing-[^.]+$/.test(name))).toEqual(['whole'])
      for (const name of names) if (name !== 'whole') await rm(join(copy.home, 'models', name), { recursive: true })
    }
    await expect(importCopy(copy, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is cleaned of files that dead processes left, and of no others', async () => {
    await using copy = await CheckpointCopy.of('tied-heads-of-128')
    const models = join(copy.home, 'models')
    await mkdir(models, { recursive: true })
    await using used = await claimStagingFolder(models, { name: 'other', key: 'a'.repeat(64) })
    const left = [`.importing-${randomUUID()}`, '.importing-x', 'mine']
    for (const name of left) await mkdir(join(models, name))
    await importCopy(copy)
    expect((await readdir(models)).sort()).toEqual([
      basename(used.directory),
      `${basename(used.directory)}.lock`,
      '.importing-x',
      'm',
      'mine',
    ])
  })
})
