import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint, openTensorFile } from '../../../../src/engine/formats/safetensors/safetensors.ts'
import type { TensorSource } from '../../../../src/engine/formats/tensor-source.ts'
import { mergeAdapter } from '../../../../src/engine/models/import/adapted-tensors.ts'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { openLoraAdapter } from '../../../../src/engine/models/import/lora-adapter.ts'
import { readManifest } from '../../../../src/engine/models/manifest.ts'
import { CheckpointCopy, checkpointPath, type JsonObject, type RawTensors, safetensorsBytes } from '../../../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const never = new AbortController().signal
const fixtures = fileURLToPath(new URL('../../../fixtures/lora/', import.meta.url))
const checkpointOf = (path: string) => fileURLToPath(new URL(`../../../fixtures/${path}/`, import.meta.url))
/** Adapters that tools/reference/lora_fixture.py made with PEFT, with their checkpoints. */
const made = [
  ['qwen2-vl', checkpointPath('tied-heads-of-16')],
  ['llava', checkpointPath('llava-heads-of-128')],
  ['qwen2-5-vl', checkpointOf('qwen2-5-vl/checkpoints/tied-heads-of-16')],
  ['qwen2-5-vl-newer', checkpointOf('qwen2-5-vl/checkpoints/newer-keys-heads-of-8')],
  ['qwen3-vl', checkpointOf('qwen3-vl/checkpoints/three-deepstack-heads-of-8')],
] as const

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

async function merged(checkpoint: string, adapter: string): Promise<TensorSource> {
  const base = await openCheckpoint(checkpoint)
  const lora = await openLoraAdapter(adapter)
  try {
    return mergeAdapter(base, lora, true)
  } catch (error) {
    await lora[Symbol.asyncDispose]()
    await base[Symbol.asyncDispose]()
    throw error
  }
}

async function asFloats(tensors: RawTensors, source: TensorSource): Promise<RawTensors> {
  const changed = new Map<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>()
  for (const [name, { shape }] of tensors) {
    const floats = await source.floats(name)
    changed.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength) })
  }
  return changed
}

/** The tensors that PEFT changed, merged in the given type. */
async function* expected(name: string, type: 'f32' | 'bf16'): AsyncGenerator<[key: string, values: Float32Array]> {
  await using whole = (await openTensorFile(fixtures, `${name}.merged.safetensors`)) as TensorSource
  for (const key of whole.names) if (key.startsWith(`${type} `)) yield [key.slice(type.length + 1), await whole.floats(key)]
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

describe.each(made)('%s', (name, checkpoint) => {
  test('merges in float32 as PEFT does and changes no other tensor', async () => {
    await using copy = await CheckpointCopy.from(checkpoint)
    const tensors = await copy.tensors()
    {
      await using source = await openCheckpoint(copy.directory)
      await writeFile(copy.path('model.safetensors'), safetensorsBytes(await asFloats(tensors, source)))
    }
    await using base = await openCheckpoint(copy.directory)
    await using source = await merged(copy.directory, `${fixtures}${name}`)
    const changed = new Set<string>()
    for await (const [key, values] of expected(name, 'f32')) {
      changed.add(key)
      expect(largestDifference(await source.floats(key), values), key).toBeLessThan(1e-6)
      expect(largestDifference(await base.floats(key), values), key).toBeGreaterThan(0.01)
    }
    expect(changed.size).toBeGreaterThan(3)
    for (const key of source.names)
      if (!changed.has(key)) expect(Buffer.compare(await source.bytes(key), await base.bytes(key)), key).toBe(0)
  })

  test('merges in bfloat16 as PEFT does, for both ways of reading', async () => {
    await using copy = await CheckpointCopy.from(checkpoint)
    await using source = await merged(copy.directory, `${fixtures}${name}`)
    let [different, compared] = [0, 0]
    for await (const [key, values] of expected(name, 'bf16')) {
      const floats = await source.floats(key)
      different += floats.filter((value, i) => value !== values[i]).length
      compared += floats.length
      expect(floats.every((value, i) => Math.abs(value - (values[i] as number)) <= Math.abs(value) / 128)).toBe(true)
      const pieces: Uint8Array[] = []
      for await (const piece of source.stream(key, 52)) pieces.push(piece.slice())
      expect(Buffer.compare(Buffer.concat(pieces), await source.bytes(key))).toBe(0)
    }
    // A sum between two numbers may be rounded to either, because the order of additions depends on the library.
    expect(different).toBeLessThan(compared / 2000)
  })
})

/** Where releases of transformers, and wrappers, place the parts. */
const layouts: Readonly<Record<string, (key: string) => string>> = {
  'as transformers 4.52 and newer write it': (key) =>
    key.replace(/^visual\./, 'model.visual.').replace(/^model\.(?!visual)/, 'model.language_model.'),
  "as Tarsier2's wrapper has it": (key) => key.replace(/^model\./, 'language_model.model.').replace(/^visual\./, 'vision_tower.'),
  'as older transformers write it': (key) => key,
}
/** The name of a part as older transformers write it. */
const older = (key: string) => key.replace(/^model\.language_model\./, 'model.').replace(/^model\.visual\./, 'visual.')

describe.each(made.filter(([name]) => name !== 'llava'))('%s', (name, checkpoint) => {
  describe.each(Object.keys(layouts))('a checkpoint laid out %s', (layout) => {
    test.each(Object.keys(layouts))('accepts an adapter whose layers are named %s', async (names) => {
      await using copy = await CheckpointCopy.from(checkpoint)
      const place = (key: string) => layouts[layout]?.(older(key)) ?? key
      const tensors = new Map([...(await copy.tensors())].map(([key, tensor]) => [place(key), tensor]))
      await writeFile(copy.path('model.safetensors'), safetensorsBytes(tensors))
      const prefix = 'base_model.model.'
      await changedAdapter({}, (layer) => `${prefix}${layouts[names]?.(older(layer.replace(prefix, '')))}`, name)
      await using source = await merged(copy.directory, scratch.path('adapter'))
      for await (const [key, values] of expected(name, 'bf16')) {
        expect(largestDifference(await source.floats(place(key)), values), key).toBeLessThan(0.02)
      }
    })
  })
})

/** A copy of an adapter with changed settings and names; null removes a tensor. */
async function changedAdapter(
  settings: JsonObject,
  rename: (name: string) => string | null = (name) => name,
  adapter = 'qwen2-vl',
): Promise<string> {
  const directory = scratch.path('adapter')
  await mkdir(directory, { recursive: true })
  const config = JSON.parse(await readFile(`${fixtures}${adapter}/adapter_config.json`, 'utf8'))
  await writeFile(`${directory}/adapter_config.json`, JSON.stringify({ ...config, ...settings }))
  await using source = (await openTensorFile(`${fixtures}${adapter}`, 'adapter_model.safetensors')) as TensorSource
  const tensors = new Map<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>()
  for (const name of source.names) {
    const renamed = rename(name)
    if (renamed !== null) tensors.set(renamed, { ...source.info(name), bytes: await source.bytes(name) })
  }
  await writeFile(`${directory}/adapter_model.safetensors`, safetensorsBytes(tensors))
  return directory
}

describe('an import with an adapter', () => {
  test('writes the files of a checkpoint with merged weights', async () => {
    await using copy = await CheckpointCopy.of('tied-heads-of-16')
    const options = { language: 'q8_0', vision: 'f16', home: scratch.path('home'), signal: never } as const
    const adapter = `${fixtures}qwen2-vl`
    const adapted = await readManifest(await importCheckpoint(copy.directory, { ...options, name: 'adapted', adapter }))
    expect(adapted.source).toEqual({ repository: 'checkpoint', revision: null, adapter: 'qwen2-vl' })
    const plain = await readManifest(await importCheckpoint(copy.directory, { ...options, name: 'plain' }))
    const tensors = await copy.tensors()
    {
      await using source = await merged(copy.directory, adapter)
      for (const [key, tensor] of tensors) tensors.set(key, { ...tensor, bytes: await source.bytes(key) })
    }
    await writeFile(copy.path('model.safetensors'), safetensorsBytes(tensors))
    const whole = await readManifest(await importCheckpoint(copy.directory, { ...options, name: 'adapted', home: scratch.path('other') }))
    expect([adapted.language.sha256, adapted.vision.sha256]).toEqual([whole.language.sha256, whole.vision.sha256])
    expect(adapted.language.sha256).not.toBe(plain.language.sha256)
    expect(adapted.vision.sha256).not.toBe(plain.vision.sha256)
  })

  test('rejects an adapter as the checkpoint, and names the checkpoint that it needs', async () => {
    const options = { name: 'x', language: 'f32', vision: 'f32', home: scratch.path('home'), signal: never } as const
    await expect(importCheckpoint(`${fixtures}qwen2-vl`, options)).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(/contains an adapter.*someone\/tied-heads-of-16.*Give the base checkpoint/),
      remedy: 'merge-adapter',
    })
  })
})

describe('rejects by name', () => {
  test.each<[string, JsonObject, RegExp]>([
    ['DoRA', { use_dora: true }, /DoRA/],
    ['biases', { bias: 'all' }, /biases/],
    ['whole layers', { modules_to_save: ['lm_head'] }, /modules_to_save/],
    ['token embeddings', { trainable_token_indices: { embed_tokens: [3] } }, /embeddings/],
    ['PiSSA', { init_lora_weights: 'pissa_niter_4' }, /pissa/],
    ['another kind', { peft_type: 'IA3' }, /IA3/],
    ['a pattern with exponential time', { rank_pattern: { '(a+)+b': 3 } }, /pattern/],
  ])('%s', async (_, settings, message) => {
    await expect(openLoraAdapter(await changedAdapter(settings))).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(message),
    })
  })

  test.each<[string, (name: string) => string | null, string, RegExp]>([
    ['half of a matrix pair', (name) => (name.includes('fc2.lora_A') ? null : name), 'model-damaged', /half of/],
    ['embeddings', (name) => name.replace('q_proj.lora_A', 'embed_tokens.lora_embedding_A'), 'model-unsupported', /lora_embedding_A/],
    [
      'a magnitude vector',
      (name) => name.replace('q_proj.lora_A.weight', 'q_proj.lora_magnitude_vector'),
      'model-unsupported',
      /magnitude/,
    ],
  ])('%s', async (_, rename, code, message) => {
    await expect(openLoraAdapter(await changedAdapter({}, rename))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('an adapter of another checkpoint, and one of a tied output layer', async () => {
    await using copy = await CheckpointCopy.of('grouped-heads-of-32')
    await expect(merged(copy.directory, `${fixtures}qwen2-vl`)).rejects.toMatchObject({ code: 'model-mismatch' })
    await using tied = await CheckpointCopy.of('tied-heads-of-16')
    const head = await changedAdapter({}, (name) => name.replace(/model\.language_model\.layers\.0\.self_attn\.q_proj/, 'lm_head'))
    await expect(merged(tied.directory, head)).rejects.toMatchObject({ message: expect.stringMatching(/lm_head.*embeddings/) })
  })

  test('a folder without an adapter, and one without its weights', async () => {
    await expect(openLoraAdapter(scratch.directory)).rejects.toMatchObject({ code: 'file-missing' })
    await cp(`${fixtures}qwen2-vl`, scratch.path('half'), { recursive: true })
    await rm(scratch.path('half/adapter_model.safetensors'))
    await expect(openLoraAdapter(scratch.path('half'))).rejects.toMatchObject({ code: 'file-missing' })
  })
})
