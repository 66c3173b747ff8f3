import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLanguage } from '../../../src/engine/language/llama-model.ts'
import { never, prompts, tinyModel } from './tiny-model.ts'

let scratch: string
let good: Buffer
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-gguf-'))
  good = await readFile(tinyModel)
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

async function loading(bytes: Uint8Array, template = prompts.template): Promise<string> {
  const path = join(scratch, 'model.gguf')
  await writeFile(path, bytes)
  try {
    await using language = await loadLanguage(path, { template, videoPad: prompts.videoPad, device: 'cpu', signal: never })
    return `loaded ${language.vocabulary}`
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const changed = (at: number, bytes: readonly number[]) => {
  const copy = Buffer.from(good)
  copy.set(bytes, at)
  return copy
}
const replaced = (from: string, to: string) => Buffer.from(good.toString('latin1').replaceAll(from, to), 'latin1')
const HUGE = [255, 255, 255, 255, 255, 255, 255, 127]

describe('loadLanguage', () => {
  it('loads the original file', async () => {
    expect(await loading(good)).toBe('loaded 277')
  })

  it.each([
    ['empty', () => Buffer.alloc(0), 'model-damaged'],
    ['no GGUF', () => Buffer.from('this is a text, and not a short one, but it is no model'), 'model-damaged'],
    ['another version', () => changed(4, [9]), 'model-unsupported'],
    ['an impossible number of tensors', () => changed(8, HUGE), 'model-damaged'],
    ['an impossible number of keys', () => changed(16, HUGE), 'model-damaged'],
    ['a key of impossible length', () => changed(24, HUGE), 'model-damaged'],
    ['an unknown type of value', () => changed(32 + 'general.architecture'.length, [77]), 'model-damaged'],
    ['a vocabulary without weights', () => changed(8, [0, 0, 0, 0, 0, 0, 0, 0]), 'model-unsupported'],
    ['a repeated key', () => replaced('qwen2vl.embedding_length', 'qwen2vl.context_length\0\0'), 'model-damaged'],
    ['no vocabulary', () => replaced('tokenizer.ggml.model', 'tokenizer.ggml.other'), 'model-unsupported'],
    ['an unknown architecture', () => replaced('qwen2vl', 'qwenXXX'), 'model-unsupported'],
    ['a tensor of another name', () => replaced('blk.1.attn_q.weight', 'blk.1.attn_x.weight'), 'model-damaged'],
  ])('rejects a file with %s', async (_, bytes, code) => {
    expect(await loading(bytes())).toBe(code)
  })

  it('rejects a file that is truncated at any place', async () => {
    for (const length of [3, 20, 30, 100, 1000, 5000, 9000, 100_000, good.length - 4])
      expect(await loading(good.subarray(0, length))).toBe('model-damaged')
  })

  it('rejects a template that is not Jinja', async () => {
    expect(await loading(good, '{% for %}')).toBe('model-damaged')
  })

  it('names a missing file and an unavailable device', async () => {
    const options = { template: prompts.template, videoPad: prompts.videoPad, signal: never }
    await expect(loadLanguage(join(scratch, 'missing.gguf'), options)).rejects.toMatchObject({ code: 'file-missing' })
    const foreign = process.platform === 'darwin' ? 'cuda' : 'metal'
    await expect(loadLanguage(tinyModel, { ...options, device: foreign })).rejects.toMatchObject({ code: 'device-unavailable' })
  })

  it('stops on an abort', async () => {
    const options = { template: prompts.template, videoPad: prompts.videoPad, device: 'cpu' as const }
    await expect(loadLanguage(tinyModel, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
