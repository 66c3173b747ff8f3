import { describe, expect, it } from 'vitest'
import { parseMerges, type TokenizerFiles } from '../../../src/engine/checkpoint/tokenizer-files.ts'
import { makeVocabulary } from '../../../src/engine/checkpoint/vocabulary.ts'

const files = (over: Partial<TokenizerFiles> = {}): TokenizerFiles => ({
  path: 'tokenizer.json',
  vocabulary: [
    ['a', 0],
    ['b', 1],
    ['ab', 2],
  ],
  merges: ['a b'],
  added: new Map([
    [3, { content: '<|im_end|>', special: true }],
    [4, { content: '<|forgotten|>', special: false }],
    [5, { content: '<tool>', special: false }],
  ]),
  ownIds: new Map([['<|im_end|>', 3]]),
  additions: null,
  settings: { eos_token: { content: '<|im_end|>' }, add_bos_token: false, add_eos_token: null },
  ...over,
})

describe('makeVocabulary', () => {
  it('fills holes, and separates control tokens from tokens of text', () => {
    const { tokens, types } = makeVocabulary(files(), 8, new Map())
    expect(tokens).toEqual(['a', 'b', 'ab', '<|im_end|>', '<|forgotten|>', '<tool>', '[PAD6]', '[PAD7]'])
    expect(types).toEqual([1, 1, 1, 3, 3, 4, 5, 5])
  })

  it('takes special ids from the settings, then from config.json', () => {
    const { specialIds, adds } = makeVocabulary(
      files(),
      8,
      new Map([
        ['eos', 1],
        ['bos', 0],
      ]),
    )
    expect([...specialIds]).toEqual([
      ['eos', 3],
      ['bos', 0],
    ])
    expect([...adds]).toEqual([['bos', false]])
  })

  it('adds tokens to a text as tokenizer.json does, whatever the settings say', () => {
    const { specialIds, adds } = makeVocabulary(files({ additions: { bos: 4, eos: 3 } }), 8, new Map([['bos', 0]]))
    expect(specialIds.get('bos')).toBe(4)
    expect(Object.fromEntries(adds)).toEqual({ bos: true, eos: true })
    const settings = { eos_token: '<|im_end|>', add_bos_token: true, bos_token: '<|forgotten|>' }
    const nothing = makeVocabulary(files({ additions: { bos: null, eos: null }, settings }), 8, new Map())
    expect(Object.fromEntries(nothing.adds)).toEqual({ bos: false })
    expect(Object.fromEntries(makeVocabulary(files({ settings }), 8, new Map()).adds)).toEqual({ bos: true })
  })

  it('rejects two kinds of end tokens', () => {
    expect(() => makeVocabulary(files({ additions: { bos: null, eos: 4 } }), 8, new Map())).toThrow(/appends the token 4 to every text/)
  })

  it('finds end tokens without tokenizer.json', () => {
    expect(makeVocabulary(files({ ownIds: new Map() }), 8, new Map()).specialIds.get('eos')).toBe(3)
  })

  it('rejects ids beyond the embeddings', () => {
    expect(() => makeVocabulary(files(), 5, new Map())).toThrow(/"<tool>" has the id 5, but vocab_size in config\.json is 5/)
  })
})

describe('parseMerges', () => {
  it('skips the version and malformed lines', () => {
    expect(parseMerges('#version: 0.2\nĠ a\r\n\nx\n# #\n')).toEqual(['Ġ a', '# #'])
  })
})
