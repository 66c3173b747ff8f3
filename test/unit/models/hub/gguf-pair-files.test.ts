import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ggufPairFiles, hasGgufPair } from '../../../../src/engine/models/hub/gguf-pair-files.ts'
import { COMMIT, hubSetup, REPOSITORY } from './hub-setup.ts'

/** File names as the best-known maker of such files uses them. */
const NAMES = [
  'README.md',
  'Qwen2-VL-7B-Instruct-Q4_K_M.gguf',
  'Qwen2-VL-7B-Instruct-Q4_K_L.gguf',
  'Qwen2-VL-7B-Instruct-Q8_0.gguf',
  'Qwen2-VL-7B-Instruct-f16-00001-of-00002.gguf',
  'mmproj-Qwen2-VL-7B-Instruct-f16.gguf',
  'mmproj-Qwen2-VL-7B-Instruct-f32.gguf',
]
const precisions = { language: 'q4_k_m', vision: 'f16' } as const

describe('a repository with GGUFs', () => {
  it.each([
    [precisions, 'Qwen2-VL-7B-Instruct-Q4_K_M.gguf', 'mmproj-Qwen2-VL-7B-Instruct-f16.gguf'],
    [{ language: 'q8_0', vision: 'f32' }, 'Qwen2-VL-7B-Instruct-Q8_0.gguf', 'mmproj-Qwen2-VL-7B-Instruct-f32.gguf'],
    [{ language: 'q8_0', vision: 'int4' }, 'Qwen2-VL-7B-Instruct-Q8_0.gguf', 'mmproj-Qwen2-VL-7B-Instruct-f16.gguf'],
  ] as const)('for %j selects one file of each', (wanted, language, tower) => {
    expect(ggufPairFiles(NAMES, wanted, 'a/b')).toEqual(['README.md', language, tower])
  })

  it('selects its only pair whatever the names are', () => {
    expect(ggufPairFiles(['x.gguf', 'x.mmproj.GGUF'], precisions, 'a/b')).toEqual(['x.gguf', 'x.mmproj.GGUF'])
  })

  it.each([
    [{ language: 'q6_k', vision: 'f16' }, NAMES, 'language model in q6_k', 'choose-language-precision'],
    [precisions, ['m-Q4_K_M.gguf', 'mmproj-a-q8_0.gguf', 'mmproj-b-q8_0.gguf'], 'vision tower in f16', 'choose-vision-precision'],
  ] as const)('without a match for %j is rejected with the available ones', (wanted, names, message, remedy) => {
    expect(() => ggufPairFiles(names, wanted, 'a/b')).toThrow(message)
    expect(() => ggufPairFiles(names, wanted, 'a/b')).toThrow('.gguf')
    expect(() => ggufPairFiles(names, wanted, 'a/b')).toThrow(expect.objectContaining({ remedy }))
  })

  it('is not used if there are safetensors, or if there is no tower', () => {
    expect(hasGgufPair(NAMES)).toBe(true)
    expect(hasGgufPair([...NAMES, 'model.safetensors'])).toBe(false)
    expect(hasGgufPair(['a.gguf', 'b.gguf'])).toBe(false)
  })
})

describe('fetching a pair of GGUFs', () => {
  const setup = hubSetup()

  it('downloads the two and the card, and finds them offline', async () => {
    setup.hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main'], files: new Map(NAMES.map((name) => [name, Buffer.from(name)])) })
    await expect(setup.fetch()).rejects.toMatchObject({ code: 'model-unsupported' })
    const { directory } = await setup.fetch({ gguf: precisions })
    expect((await readdir(directory)).sort()).toEqual([
      'Qwen2-VL-7B-Instruct-Q4_K_M.gguf',
      'README.md',
      'mmproj-Qwen2-VL-7B-Instruct-f16.gguf',
    ])
    setup.env.HF_HUB_OFFLINE = '1'
    expect(await setup.fetch({ gguf: precisions })).toMatchObject({ directory })
  })
})
