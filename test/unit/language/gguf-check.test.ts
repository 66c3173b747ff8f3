import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ggufValueTypes } from '../../../src/engine/formats/gguf/gguf-types.ts'
import { checkGguf } from '../../../src/engine/language/gguf-check.ts'
import { type MadeTensor, makeGguf, value } from '../../helpers/gguf-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

let folder: ScratchFolder
beforeAll(async () => {
  folder = await ScratchFolder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

type Keys = Readonly<Record<string, Uint8Array | null>>

const BPE: Keys = {
  'general.architecture': value.text('qwen2vl'),
  'qwen2vl.block_count': value.u32(2),
  'qwen2vl.context_length': value.u32(1024),
  'qwen2vl.embedding_length': value.u32(64),
  'qwen2vl.feed_forward_length': value.u32(96),
  'qwen2vl.attention.head_count': value.u32(4),
  'qwen2vl.attention.head_count_kv': value.u32(2),
  'qwen2vl.rope.dimension_sections': value.i32s([2, 3, 3, 0]),
  'tokenizer.ggml.model': value.text('gpt2'),
  'tokenizer.ggml.tokens': value.texts(['a', 'b', 'ab']),
  'tokenizer.ggml.token_type': value.i32s([1, 1, 1]),
  'tokenizer.ggml.merges': value.texts(['a b']),
  'tokenizer.ggml.eos_token_id': value.u32(2),
}
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
const SENTENCE_PIECE: Keys = {
  'general.architecture': value.text('llama'),
  'llama.block_count': value.u32(1),
  'llama.context_length': value.u32(1024),
  'llama.embedding_length': value.u32(64),
  'llama.feed_forward_length': value.u32(96),
  'llama.attention.head_count': value.u32(4),
  'tokenizer.ggml.model': value.text('llama'),
  'tokenizer.ggml.tokens': value.texts(['<unk>', '<s>', '</s>', ...bytes]),
  'tokenizer.ggml.scores': value.f32s(Array(259).fill(0)),
  'tokenizer.ggml.token_type': value.i32s(Array(259).fill(1)),
  'tokenizer.ggml.add_bos_token': value.bool(true),
}
const WEIGHT: MadeTensor = { name: 'token_embd.weight', shape: [64, 3] }

/** The detected kind of the file, or the error message. */
async function found(keys: Keys, tensors: readonly MadeTensor[] = [WEIGHT]): Promise<string> {
  const present = Object.entries(keys).filter((entry): entry is [string, Uint8Array] => entry[1] !== null)
  const path = await folder.write('x.gguf', makeGguf({ keys: present, tensors }))
  return checkGguf(path).then(
    ({ architecture, context, cellNumbers }) => `${architecture} ${context} ${cellNumbers}`,
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  )
}

describe('checkGguf', () => {
  it('accepts models that llama.cpp runs', async () => {
    expect(await found(BPE)).toBe('qwen2vl 1024 128')
    expect(await found(SENTENCE_PIECE)).toBe('llama 1024 128')
    expect(await found({ ...BPE, 'general.seed': value.u64(2n ** 63n), 'qwen2vl.rope.scaling.type': value.text('yarn') })).toMatch(
      /^qwen2vl/,
    )
    const deepstack = Object.entries(BPE).map(([key, bytes]) => [key.replace('qwen2vl', 'qwen3vl'), bytes] as const)
    const qwen3 = { ...Object.fromEntries(deepstack), 'general.architecture': value.text('qwen3vl') }
    expect(
      await found({ ...qwen3, 'qwen3vl.attention.key_length': value.u32(64), 'qwen3vl.attention.value_length': value.u32(64) }),
    ).toMatch(/^qwen3vl/)
    // llama.cpp would fail an assertion: it cannot add to the last layer.
    expect(await found({ ...qwen3, 'qwen3vl.n_deepstack_layers': value.u32(2) })).toContain('n_deepstack_layers is 2')
    const tiny = fileURLToPath(new URL('../../fixtures/language/tiny-qwen2vl.gguf', import.meta.url))
    expect(await checkGguf(tiny)).toMatchObject({ architecture: 'qwen2vl' })
  })

  it('distinguishes files that differ only in their weights', async () => {
    const one = await checkGguf(
      await folder.write('one.gguf', makeGguf({ keys: Object.entries(BPE) as [string, Uint8Array][], tensors: [WEIGHT] })),
    )
    const changed = await readFile(folder.path('one.gguf'))
    changed[changed.length - 1] = 1
    const other = await checkGguf(await folder.write('other.gguf', changed))
    expect(other.fingerprint).not.toBe(one.fingerprint)
  })

  // For most of these, llama.cpp ends the whole process (GGML_ASSERT), while loading or at the first token.
  it.each<[string, Keys, RegExp]>([
    ['a repeated token', { 'tokenizer.ggml.tokens': value.texts(['a', 'b', 'a']) }, /damaged.*"a" occurs twice/],
    ['an empty token and one with its replacement name', { 'tokenizer.ggml.tokens': value.texts(['a', '', '[EMPTY_1]']) }, /occurs twice/],
    ['a token that is not UTF-8', { 'tokenizer.ggml.tokens': value.list(8, 1, Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff)) }, /not UTF-8/],
    ['a vocabulary of numbers', { 'tokenizer.ggml.tokens': value.i32s([1, 2, 3]) }, /not a list of strings/],
    ['an empty vocabulary', { 'tokenizer.ggml.tokens': value.texts([]) }, /not a list of strings/],
    ['a vocabulary that is a string', { 'tokenizer.ggml.tokens': value.text('a') }, /no vocabulary/],
    ['no vocabulary', { 'tokenizer.ggml.tokens': null }, /unsupported.*no vocabulary/],
    ['a vocabulary of another kind', { 'tokenizer.ggml.model': value.text('t5') }, /unsupported.*"t5".*supported/],
    ['fewer types than tokens', { 'tokenizer.ggml.token_type': value.i32s([1, 1]) }, /token_type/],
    ['types that are bytes', { 'tokenizer.ggml.token_type': value.list(ggufValueTypes.u8, 3, Buffer.alloc(3)) }, /token_type/],
    ['types that are texts', { 'tokenizer.ggml.token_type': value.texts(['a', 'b', 'c']) }, /token_type/],
    ['fewer scores than tokens', { 'tokenizer.ggml.scores': value.f32s([0, 0]) }, /scores/],
    ['no merges', { 'tokenizer.ggml.merges': null }, /no merges/],
    ['merges that are numbers', { 'tokenizer.ggml.merges': value.i32s([1]) }, /no merges/],
    ['an end token beyond the vocabulary', { 'tokenizer.ggml.eos_token_id': value.u32(3) }, /eos_token_id is 3/],
    ['a missing beginning token', { 'tokenizer.ggml.add_bos_token': value.bool(true) }, /does not define its bos token/],
    ['no layers', { 'qwen2vl.block_count': value.u32(0) }, /block_count is 0/],
    ['more layers than llama.cpp supports', { 'qwen2vl.block_count': value.u32(513) }, /block_count is 513/],
    ['a string as the number of layers', { 'qwen2vl.block_count': value.text('2') }, /block_count is 2/],
    ['a missing number of layers', { 'qwen2vl.block_count': null }, /block_count is missing/],
    ['half a width', { 'qwen2vl.embedding_length': value.f32(64.5) }, /embedding_length is 64\.5/],
    ['no heads', { 'qwen2vl.attention.head_count': value.u32(0) }, /head_count is 0/],
    ['heads per layer', { 'qwen2vl.attention.head_count': value.i32s([4, 4]) }, /head_count is a list/],
    ['no key heads', { 'qwen2vl.attention.head_count_kv': value.u32(0) }, /head_count_kv is 0/],
    ['heads that keys do not share', { 'qwen2vl.attention.head_count_kv': value.u32(3) }, /4 attention heads are not a multiple of 3/],
    [
      'heads that do not share the width',
      { 'qwen2vl.attention.head_count': value.u32(6), 'qwen2vl.attention.head_count_kv': value.u32(6) },
      /key_length is 10\.6/,
    ],
    ['keys and values of two sizes', { 'qwen2vl.attention.key_length': value.u32(32) }, /the same even size|value_length/],
    [
      'heads larger than the width',
      {
        'qwen2vl.attention.key_length': value.u32(32),
        'qwen2vl.attention.value_length': value.u32(32),
        'qwen2vl.rope.dimension_count': value.u32(32),
      },
      /do not match the width/,
    ],
    ['rotation of only half a head', { 'qwen2vl.rope.dimension_count': value.u32(8) }, /the same even size/],
    ['no sections', { 'qwen2vl.rope.dimension_sections': null }, /dimension_sections is missing/],
    ['three sections', { 'qwen2vl.rope.dimension_sections': value.i32s([2, 3, 3]) }, /dimension_sections is 2, 3, 3/],
    ['empty sections', { 'qwen2vl.rope.dimension_sections': value.i32s([0, 0, 0, 0]) }, /dimension_sections/],
    ['a negative section', { 'qwen2vl.rope.dimension_sections': value.i32s([9, -1, 0, 0]) }, /dimension_sections/],
    ['sections larger than half a head', { 'qwen2vl.rope.dimension_sections': value.i32s([4, 4, 4, 0]) }, /dimension_sections/],
    ['unknown position scaling', { 'qwen2vl.rope.scaling.type': value.text('magic') }, /scaling\.type is magic/],
    ['experts', { 'qwen2vl.expert_count': value.u32(8) }, /expert_count is 8/],
    ['multi-token prediction layers', { 'qwen2vl.nextn_predict_layers': value.u32(3) }, /nextn_predict_layers is 3/],
    ['non-causal attention', { 'qwen2vl.attention.causal': value.bool(false) }, /causal is false/],
    ['no architecture', { 'general.architecture': null }, /does not define general\.architecture/],
    ['an architecture that is a number', { 'general.architecture': value.u32(1) }, /does not define general\.architecture/],
    ['another architecture', { 'general.architecture': value.text('mamba') }, /unsupported.*"mamba".*qwen2vl/],
    ['a vision tower', { 'general.architecture': value.text('clip') }, /unsupported.*vision tower/],
    ['a part of a split model', { 'split.count': value.raw(ggufValueTypes.u16, Buffer.of(3, 0)) }, /unsupported.*Merge the parts/],
  ])('rejects %s', async (_, keys, message) => {
    expect(await found({ ...BPE, ...keys })).toMatch(message)
  })

  it('rejects SentencePiece without a token for each byte', async () => {
    const tokens = ['<unk>', '<s>', '</s>', ...bytes]
    const missing = value.texts(tokens.with(tokens.indexOf('<0xF3>'), '<0x-1>'))
    expect(await found({ ...SENTENCE_PIECE, 'tokenizer.ggml.tokens': missing })).toMatch(/does not contain <0xF3>/)
    // A plain character replaces its byte, as in llama.cpp.
    expect(await found({ ...SENTENCE_PIECE, 'tokenizer.ggml.tokens': value.texts(tokens.with(tokens.indexOf('<0x41>'), 'A')) })).toMatch(
      /^llama/,
    )
  })

  it.each<[string, MadeTensor[], RegExp]>([
    ['whole numbers', [{ ...WEIGHT, type: 26 }], /type that is not valid for weights/],
    ['16-bit integers', [{ ...WEIGHT, type: 25 }], /type that is not valid for weights/],
    ['a vector in 16 bits', [{ name: 'output_norm.weight', shape: [64], type: 1 }], /vector that is not stored as f32/],
    ['none', [], /no weights/],
  ])('rejects tensors of %s', async (_, tensors, message) => {
    expect(await found(BPE, tensors)).toMatch(message)
  })

  it('reports a missing file and a folder with a remedy', async () => {
    await expect(checkGguf(folder.path('gone.gguf'))).rejects.toMatchObject({ code: 'file-missing' })
    await expect(checkGguf(folder.path('.'))).rejects.toMatchObject({ code: 'model-damaged' })
  })
})
