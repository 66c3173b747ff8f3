import { readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { makeLlamaVocabulary, readLlamaTokenizerFiles } from '../../../src/engine/checkpoint/llama-vocabulary.ts'
import { tokenTypes } from '../../../src/engine/checkpoint/vocabulary.ts'
import type { JsonObject } from '../../helpers/checkpoint-folder.ts'
import { type LlamaCheckpointName, llamaCheckpoint } from '../../helpers/converted.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const SIZE = 512

/** The vocabulary of a checkpoint's tokenizer after changes to its JSON files; null removes a file. */
async function changed(
  name: LlamaCheckpointName,
  files: Record<string, ((value: JsonObject) => unknown) | null>,
  ids = new Map<string, number>(),
) {
  await using folder = await ScratchFolder.make()
  await cp(llamaCheckpoint(name), folder.directory, {
    recursive: true,
    filter: (path) => !Object.keys(files).some((file) => files[file] === null && path.endsWith(file)),
  })
  for (const [file, change] of Object.entries(files)) {
    if (change === null) continue
    const value = JSON.parse(readFileSync(folder.path(file), 'utf8'))
    await folder.write(file, JSON.stringify(change(value) ?? value))
  }
  return makeLlamaVocabulary(await readLlamaTokenizerFiles(folder.directory), SIZE, ids)
}

const JSON_FILE = 'tokenizer.json'
const SETTINGS = 'tokenizer_config.json'

describe('added tokens', () => {
  it('are control tokens if they are special, look special, or are named as special, and otherwise text', async () => {
    const { tokens, types } = await changed('vicuna', {
      'added_tokens.json': () => ({ '<pad>': 500, '<|end|>': 501, '<▁word>': 502, '<named>': 503, '<beyond>': SIZE }),
      [SETTINGS]: (value) => {
        value.sep_token = '<named>'
        value.added_tokens_decoder['504'] = { content: '<special>', special: true }
        value.added_tokens_decoder['505'] = { content: '<▁other>' }
        value.added_tokens_decoder['500'] = { content: '<pad >', special: false }
        delete value.added_tokens_decoder['491']
      },
    })
    const facts = [500, 501, 502, 503, 504, 505, 506].map((id) => [tokens[id], types[id]])
    const { control, userDefined, unused } = tokenTypes
    expect(facts).toEqual([
      ['<pad >', userDefined],
      ['<|end|>', control],
      ['< word>', userDefined],
      ['<named>', control],
      ['<special>', control],
      ['< other>', userDefined],
      ['[PAD506]', unused],
    ])
    expect(tokens).toHaveLength(SIZE)
  })

  it('that the settings name are control tokens even if not added', async () => {
    const { tokens, types } = await changed('yi', {
      [SETTINGS]: (value) => ({ ...value, eos_token: '<|im_end|>', sep_token: '<|im_start|>', added_tokens_decoder: {} }),
    })
    const typeOf = (text: string) => types[tokens.indexOf(text)]
    const { control, normal, unknown } = tokenTypes
    expect(['<|im_end|>', '<|im_start|>', '<|startoftext|>'].map(typeOf)).toEqual([control, control, control])
    expect(['<unk>', '<|Human|>'].map(typeOf)).toEqual([unknown, normal])
  })

  it('must be unique', async () => {
    const twice = changed('vicuna', { 'added_tokens.json': () => ({ '<image>': 505 }) })
    await expect(twice).rejects.toMatchObject({ code: 'model-damaged', message: expect.stringContaining('"<image>" has two ids') })
  })
})

describe('special ids', () => {
  it('come from tokenizer.json, then config.json, then the settings', async () => {
    const ids = new Map([
      ['bos', 7],
      ['eos', 8],
      ['pad', 9],
      ['mask', SIZE],
    ])
    const { specialIds } = await changed('json-only', {}, ids)
    expect(Object.fromEntries(specialIds)).toEqual({ bos: 1, eos: 2, unk: 0, pad: 9 })
    expect(Object.fromEntries((await changed('vicuna', {}, new Map([['eos', 8]]))).specialIds)).toEqual({ bos: 1, eos: 8 })
    expect(Object.fromEntries((await changed('yi', {})).specialIds)).toEqual({ bos: 1, eos: 2 })
  })

  it('are added to a text as in tokenizer.json, whatever the settings say', async () => {
    const withoutSettings = (value: JsonObject) => {
      delete value.add_bos_token
      delete value.add_eos_token
    }
    const part = (text: string) => ({ SpecialToken: { id: text, type_id: 0 } })
    const text = (id: string) => ({ Sequence: { id, type_id: 0 } })
    const template = (single: unknown[], pair: unknown[]) => (value: JsonObject) => {
      value.post_processor = {
        type: 'Sequence',
        processors: [{ type: 'ByteLevel' }, { type: 'TemplateProcessing', single, pair, special_tokens: {} }],
      }
    }
    const adds = async (single: unknown[], pair: unknown[]) =>
      Object.fromEntries((await changed('json-only', { [JSON_FILE]: template(single, pair), [SETTINGS]: withoutSettings })).adds)
    expect(await adds([part('<s>'), text('A')], [part('<s>'), text('A'), part('<s>'), text('B')])).toEqual({ bos: true, sep: false })
    expect(await adds([text('A'), part('</s>')], [text('A'), part('</s>'), text('B'), part('</s>')])).toEqual({
      bos: false,
      eos: true,
      sep: false,
    })
    expect(await adds([text('A')], [text('A'), part('</s>'), text('B')])).toEqual({ bos: false, sep: true })
    expect(await adds([text('A')], [text('A'), text('B')])).toEqual({ bos: false })
    expect(Object.fromEntries((await changed('json-only', {})).adds)).toEqual({ bos: true, eos: false, sep: false })
    const withBosSetting = {
      [JSON_FILE]: template([text('A')], []),
      [SETTINGS]: (value: JsonObject) => ({ ...value, add_bos_token: true }),
    }
    expect((await changed('json-only', withBosSetting)).adds.get('bos')).toBe(false)
  })
})

describe('a leading space', () => {
  it("follows the settings, or the tokenizer's own file", async () => {
    const withPrefixSpace = (value: boolean) => (settings: JsonObject) => ({ ...settings, add_prefix_space: value })
    expect((await changed('vicuna', {})).spacePrefix).toBeUndefined()
    expect((await changed('yi', {})).spacePrefix).toBe(false)
    expect((await changed('vicuna', { [SETTINGS]: withPrefixSpace(false) })).spacePrefix).toBe(false)
    expect((await changed('yi', { [SETTINGS]: withPrefixSpace(true) })).spacePrefix).toBe(true)
    const metaspace = (prepend_scheme: string) => (value: JsonObject) => {
      value.normalizer = null
      value.pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme, split: false }
    }
    expect((await changed('json-only', { [JSON_FILE]: metaspace('first') })).spacePrefix).toBeUndefined()
    expect((await changed('json-only', { [JSON_FILE]: metaspace('never') })).spacePrefix).toBe(false)
    // tokenizer.json takes precedence over the settings.
    expect((await changed('json-only', { [JSON_FILE]: metaspace('never'), [SETTINGS]: withPrefixSpace(true) })).spacePrefix).toBe(false)
    expect(
      (await changed('json-only', { [JSON_FILE]: metaspace('first'), [SETTINGS]: withPrefixSpace(false) })).spacePrefix,
    ).toBeUndefined()
  })
})

describe('tokenizer.json', () => {
  it('gives the merge order of SentencePiece', async () => {
    const { tokens, types, scores } = await changed('json-only', {})
    const merged = [...tokens.keys()].filter((id) => types[id] === tokenTypes.normal && Array.from(tokens[id] ?? '').length > 1)
    expect(merged.length).toBeGreaterThan(90)
    // SentencePiece numbers its pieces in the order in which it found them.
    expect(merged.map((id) => scores[id])).toEqual(merged.map((id) => scores[id]).toSorted((a = 0, b = 0) => b - a))
  })

  it.each<[string, (value: JsonObject) => JsonObject, RegExp]>([
    ['a different byte alphabet', ({ model, ...value }) => ({ ...value, model: { ...model, byte_fallback: false } }), /byte_fallback/],
    ['another model', ({ model, ...value }) => ({ ...value, model: { ...model, type: 'Unigram' } }), /not a BPE/],
    ['a normalizer', (value) => ({ ...value, normalizer: { type: 'NFKC' } }), /normalizes text with "NFKC"/],
    ['words split before merging', (value) => ({ ...value, pre_tokenizer: { type: 'Whitespace' } }), /splits text with "Whitespace"/],
    ['spaces that are not replaced', (value) => ({ ...value, normalizer: null, pre_tokenizer: null }), /does not replace spaces by ▁/],
  ])('is rejected with %s', async (_, change, why) => {
    await expect(changed('json-only', { [JSON_FILE]: change })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(why),
    })
  })

  it.each<[string, (value: JsonObject) => JsonObject]>([
    ['no tokens', ({ model, ...value }) => ({ ...value, model: { ...model, vocab: {} } })],
    ['an invalid id', ({ model, ...value }) => ({ ...value, model: { ...model, vocab: { ...model.vocab, a: -1 } } })],
    ['an added token without a text', (value) => ({ ...value, added_tokens: [{ id: 3, content: '' }] })],
    ['no model', ({ model: _, ...value }) => value],
  ])('is damaged with %s', async (_, change) => {
    await expect(changed('json-only', { [JSON_FILE]: change })).rejects.toMatchObject({ code: 'model-damaged' })
  })

  it('must exist where tokenizer.model does not', async () => {
    await expect(changed('json-only', { [JSON_FILE]: null })).rejects.toMatchObject({
      code: 'model-damaged',
      message: expect.stringContaining('neither tokenizer.model nor tokenizer.json'),
    })
  })
})
