import { existsSync } from 'node:fs'
import { readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import type { TarsierError } from '../../../../src/shared/errors.ts'
import { CheckpointCopy, type RawTensor, safetensorsBytes, withHeader, writeSharded } from '../../../helpers/checkpoint-folder.ts'

const WEIGHTS = 'model.safetensors'
const INDEX = 'model.safetensors.index.json'

async function failure(copy: CheckpointCopy, directory = copy.directory): Promise<TarsierError> {
  const importing = importCheckpoint(directory, {
    name: 'm',
    language: 'f16',
    vision: 'f16',
    home: copy.home,
    signal: new AbortController().signal,
  })
  const error = await importing.then(
    (path) => new Error(`imported as ${path}`),
    (error: TarsierError) => error,
  )
  expect(existsSync(copy.home), 'something was left behind').toBe(false)
  expect(error.message).toMatch(/^[^\n]{20,}[.]$/)
  return error as TarsierError
}

/** Changes tensors by name; null removes one. */
async function tensors(
  copy: CheckpointCopy,
  change: (name: string, tensor: RawTensor) => RawTensor | null | [string, RawTensor],
): Promise<void> {
  const changed = new Map<string, RawTensor>()
  for (const [name, tensor] of await copy.tensors()) {
    const result = change(name, tensor)
    if (Array.isArray(result)) changed.set(...result)
    else if (result) changed.set(name, result)
  }
  await writeFile(copy.path(WEIGHTS), safetensorsBytes(changed))
}

const without = (name: string) => (copy: CheckpointCopy) => tensors(copy, (key, tensor) => (key === name ? null : tensor))
const reshaped = (name: string, shape: readonly number[]) => (copy: CheckpointCopy) =>
  tensors(copy, (key, tensor) =>
    key === name ? { ...tensor, shape, bytes: new Uint8Array(shape.reduce((product, size) => product * size, 2)) } : tensor,
  )
const header =
  (text: string, data = new Uint8Array(0), claimed?: bigint) =>
  (copy: CheckpointCopy) =>
    writeFile(copy.path(WEIGHTS), withHeader(text, data, claimed))
const entry = (begin: number, end: number, shape: readonly number[] = [2]) =>
  JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] })
const config = (change: Parameters<CheckpointCopy['json']>[1]) => (copy: CheckpointCopy) => copy.json('config.json', change)

type Damage = (copy: CheckpointCopy) => Promise<unknown>

describe('damaged weights', () => {
  it.each<[string, Damage, RegExp]>([
    ['an empty file', (copy) => writeFile(copy.path(WEIGHTS), ''), /0 bytes/],
    ['a file cut off in its data', (copy) => truncate(copy.path(WEIGHTS), 200_000), /bytes/],
    ['a file cut off in its header', (copy) => truncate(copy.path(WEIGHTS), 100), /truncated/],
    ['a header of more bytes than the file', header('{}', new Uint8Array(8), 5000n), /truncated/],
    ['a header of more bytes than memory', header('{}', new Uint8Array(8), 2n ** 63n), /more than the format allows/],
    ['a header that is not JSON', header('{"a":'), /not JSON/],
    ['a header that is a list', header('[1]'), /not a safetensors/],
    ['a header that is not UTF-8', (copy) => writeFile(copy.path(WEIGHTS), withHeader('{ÿ', Buffer.from([255]))), /JSON/],
    ['a repeated key', header(`{"a":${entry(0, 8)},"a":${entry(0, 8)}}`, new Uint8Array(8)), /twice/],
    ['tensors that overlap', header(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, new Uint8Array(12)), /overlap/],
    ['a hole between tensors', header(`{"a":${entry(0, 8)},"b":${entry(12, 20)}}`, new Uint8Array(20)), /gap/],
    ['bytes after the last tensor', header(`{"a":${entry(0, 8)}}`, new Uint8Array(20)), /contains 20/],
    ['a tensor beyond the end', header(`{"a":${entry(0, 800, [200])}}`, new Uint8Array(8)), /800 of 8/],
    ['a tensor shorter than its shape', header(`{"a":${entry(0, 8, [3])}}`, new Uint8Array(8)), /need 12/],
    ['a shape beyond the number range', header(`{"a":${entry(0, 8, [2 ** 50, 2 ** 50])}}`, new Uint8Array(8)), /too large/],
    ['a negative size', header(`{"a":${entry(0, 8, [-2])}}`, new Uint8Array(8)), /incorrectly/],
    ['an unknown type', header('{"a":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}', new Uint8Array(4)), /unknown type/],
    ['a missing matrix of the language model', without('model.layers.0.mlp.up_proj.weight'), /up_proj/],
    ['a missing bias of the language model', without('model.layers.0.self_attn.q_proj.bias'), /q_proj\.bias/],
    ['a missing output', without('lm_head.weight'), /lm_head/],
    ['a missing matrix of the tower', without('visual.merger.mlp.2.weight'), /merger\.mlp\.2/],
    ['embeddings of another width', reshaped('model.embed_tokens.weight', [330, 95]), /\[330, 95\].*\[330, 96\]/],
    ['a transposed matrix', reshaped('model.layers.0.mlp.down_proj.weight', [64, 96]), /down_proj/],
    ['a norm with two dimensions', reshaped('model.norm.weight', [96, 1]), /norm/],
    ['a patch embedding of another size', reshaped('visual.patch_embed.proj.weight', [40, 3, 1, 14, 14]), /patch_embed/],
    [
      'more layers than in config.json',
      (copy) => tensors(copy, (key, tensor) => (key === 'lm_head.weight' ? ['model.layers.1.input_layernorm.weight', tensor] : tensor)),
      /more layers/,
    ],
    ['no weights at all', (copy) => copy.remove(WEIGHTS), /neither model\.safetensors nor/],
  ])('are rejected: %s', async (_, damage, expected) => {
    await using copy = await CheckpointCopy.of('grouped-heads-of-32')
    await damage(copy)
    const { code, message } = await failure(copy)
    expect(message).toMatch(expected)
    expect(code).toBe('model-damaged')
  })

  it.each<[string, Damage]>([
    [
      'integer tensors',
      (copy) =>
        tensors(copy, (key, tensor) =>
          key.startsWith('model.layers') && key.includes('q_proj.weight') ? { ...tensor, dtype: 'I16' } : tensor,
        ),
    ],
    ['no language model under any known name', (copy) => tensors(copy, (key, tensor) => [key.replace(/^model\./, 'other.'), tensor])],
    ['no tower under any known name', (copy) => tensors(copy, (key, tensor) => [key.replace(/^visual\./, 'other.'), tensor])],
    [
      'numbers that half precision cannot hold',
      (copy) =>
        tensors(copy, (key, tensor) => {
          if (!key.endsWith('down_proj.weight')) return tensor
          const bytes = tensor.bytes.slice()
          bytes.set([0x80, 0x7f], 100) // infinity
          return { ...tensor, bytes }
        }),
    ],
  ])('are not supported: %s', async (_, damage) => {
    await using copy = await CheckpointCopy.of('grouped-heads-of-32')
    await damage(copy)
    expect((await failure(copy)).code).toBe('model-unsupported')
  })
})

describe('shards', () => {
  const sharded = async (): Promise<CheckpointCopy> => {
    const copy = await CheckpointCopy.of('grouped-heads-of-32')
    await writeSharded(copy, await copy.tensors(), 3)
    return copy
  }
  const SECOND = 'model-00002-of-00003.safetensors'

  it.each<[string, Damage, RegExp]>([
    ['a missing one', (copy) => copy.remove(SECOND), /is missing/],
    ['a truncated one', (copy) => truncate(copy.path(SECOND), 30_000), /bytes/],
    [
      'an index that names a tensor elsewhere',
      (copy) =>
        copy.json(INDEX, ({ weight_map }) => {
          weight_map['lm_head.weight'] = SECOND === weight_map['lm_head.weight'] ? 'model-00001-of-00003.safetensors' : SECOND
        }),
      /does not contain the tensor/,
    ],
    [
      'an index that leaves the folder',
      (copy) =>
        copy.json(INDEX, ({ weight_map }) => {
          weight_map['lm_head.weight'] = `../checkpoint/${SECOND}`
        }),
      /not a plain file name/,
    ],
    [
      'an index with an absolute path',
      (copy) =>
        copy.json(INDEX, ({ weight_map }) => {
          weight_map['lm_head.weight'] = copy.path(SECOND)
        }),
      /not a plain file name/,
    ],
    [
      'an index with a path of another platform',
      (copy) =>
        copy.json(INDEX, ({ weight_map }) => {
          weight_map['lm_head.weight'] = `..\\checkpoint\\${SECOND}`
        }),
      /not a plain file name/,
    ],
    ['an index without a map', (copy) => copy.json(INDEX, () => ({})), /weight_map/],
    ['an index with a map of numbers', (copy) => copy.json(INDEX, () => ({ weight_map: { a: 1 } })), /weight_map/],
    ['an index that is not JSON', (copy) => writeFile(copy.path(INDEX), '{'), /not JSON/],
  ])('are rejected: %s', async (_, damage, expected) => {
    await using copy = await sharded()
    await damage(copy)
    const { code, message } = await failure(copy)
    expect(message).toMatch(expected)
    expect(code).toBe('model-damaged')
  })

  it.skipIf(process.platform === 'win32')('are rejected when one is a link to a file elsewhere', async () => {
    await using copy = await sharded()
    const elsewhere = join(copy.directory, '..', 'elsewhere.safetensors')
    await writeFile(elsewhere, await readFile(copy.path(SECOND)))
    await copy.remove(SECOND)
    await symlink(elsewhere, copy.path(SECOND))
    expect((await failure(copy)).message).toMatch(/outside the model folder/)
  })
})

describe('settings', () => {
  it.each<[string, Damage, string, RegExp]>([
    ['no config.json', (copy) => copy.remove('config.json'), 'model-damaged', /config\.json/],
    [
      'another architecture',
      config((c) => {
        c.model_type = 'llama'
      }),
      'model-unsupported',
      /llama/,
    ],
    [
      'a quantized checkpoint',
      config((c) => {
        c.quantization_config = { bits: 4 }
      }),
      'model-unsupported',
      /quantized/,
    ],
    [
      'a missing number of layers',
      config((c) => {
        delete c.num_hidden_layers
      }),
      'model-damaged',
      /num_hidden_layers/,
    ],
    [
      'a million layers',
      config((c) => {
        c.num_hidden_layers = 1e6
      }),
      'model-damaged',
      /num_hidden_layers/,
    ],
    [
      'more layers than exist',
      config((c) => {
        c.num_hidden_layers = 3
      }),
      'model-damaged',
      /layers\.1/,
    ],
    [
      'heads that do not share the width',
      config((c) => {
        c.num_attention_heads = 5
      }),
      'model-damaged',
      /num_attention_heads/,
    ],
    [
      'sections that are not half a head',
      config((c) => {
        c.rope_scaling.mrope_section = [4, 4, 4]
      }),
      'model-damaged',
      /mrope_section/,
    ],
    [
      'no sections',
      config((c) => {
        delete c.rope_scaling
      }),
      'model-damaged',
      /mrope_section/,
    ],
    [
      'stretched positions',
      config((c) => {
        c.rope_scaling.type = 'yarn'
      }),
      'model-unsupported',
      /yarn/,
    ],
    [
      'a tower of another width',
      config((c) => {
        c.vision_config.hidden_size = 64
      }),
      'model-mismatch',
      /64.*96/,
    ],
    [
      'another activation of the tower',
      config((c) => {
        c.vision_config.hidden_act = 'gelu'
      }),
      'model-damaged',
      /hidden_act/,
    ],
    [
      'fewer tokens than the tokenizer has',
      config((c) => {
        c.vocab_size = 300
      }),
      'model-damaged',
      /vocab_size/,
    ],
    [
      'an end token beyond the vocabulary',
      config((c) => {
        c.bos_token_id = 330
      }),
      'model-damaged',
      /330/,
    ],
    ['no tokenizer', (copy) => copy.remove('tokenizer.json', 'vocab.json'), 'model-damaged', /tokenizer\.json/],
    [
      'a tokenizer of another kind',
      (copy) =>
        copy.json('tokenizer.json', (t) => {
          t.pre_tokenizer.pretokenizers[0].pattern.Regex = '.'
        }),
      'model-unsupported',
      /pre_tokenizer/,
    ],
    [
      'a negative id',
      (copy) =>
        copy.json('tokenizer.json', (t) => {
          t.model.vocab['!'] = -1
        }),
      'model-damaged',
      /vocab/,
    ],
    [
      'no template',
      (copy) =>
        copy.json('tokenizer_config.json', (t) => {
          delete t.chat_template
        }),
      'model-damaged',
      /chat template/,
    ],
    [
      'a template without clips',
      (copy) =>
        copy.json('tokenizer_config.json', (t) => {
          t.chat_template = 'x'
        }),
      'model-unsupported',
      /placeholder for a clip/,
    ],
    [
      'a processor for other patches',
      (copy) =>
        copy.json('preprocessor_config.json', (p) => {
          p.patch_size = 16
        }),
      'model-unsupported',
      /patch_size/,
    ],
    [
      'limits that exclude everything',
      (copy) =>
        copy.json('preprocessor_config.json', (p) => {
          p.min_pixels = 1e8
        }),
      'model-unsupported',
      /min_pixels/,
    ],
  ])('are rejected: %s', async (_, damage, code, expected) => {
    await using copy = await CheckpointCopy.of('grouped-heads-of-32')
    await damage(copy)
    const error = await failure(copy)
    expect(error.message).toMatch(expected)
    expect(error.code).toBe(code)
  })

  it('report a missing folder, and a file instead of a folder', async () => {
    await using copy = await CheckpointCopy.of('grouped-heads-of-32')
    expect((await failure(copy, join(copy.directory, 'gone'))).code).toBe('file-missing')
    expect((await failure(copy, copy.path('config.json'))).code).toBe('file-missing')
  })
})
