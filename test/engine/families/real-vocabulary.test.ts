import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { loadLanguage } from '../../../src/engine/language/llama-model.ts'
import type { Language } from '../../../src/engine/language/types.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { PublishedFamily } from '../../helpers/published-family.ts'
import { qwenVocabulary, readRealTokens, vocabularyChecksum, withRealVocabulary } from '../../helpers/real-vocabulary.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const signal = new AbortController().signal
const fixtures = (family: string) => new URL(`../../fixtures/${family}/`, import.meta.url)
let scratch: ScratchFolder
let vocabulary: Awaited<ReturnType<typeof qwenVocabulary>>
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  vocabulary = await qwenVocabulary(scratch)
})
afterAll(() => scratch[Symbol.asyncDispose]())

describe.each(['qwen2-5-vl', 'qwen3-vl'] as const)('with the published tokenizer of %s', (family) => {
  const expected = readRealTokens(family)
  const home = () => scratch.path(family)
  let language: Language
  beforeAll(async () => {
    const checkpoint = fileURLToPath(new URL('checkpoints/tied-heads-of-16/', fixtures(family)))
    await using copy = await withRealVocabulary(checkpoint, expected, vocabulary)
    const path = await importCheckpoint(copy.directory, { name: 'real', language: 'f16', vision: 'f32', home: home(), signal })
    const { prompt, language: file } = await readManifest(path)
    language = await loadLanguage(join(path, file.file), { ...prompt, device: 'cpu', signal })
  })
  afterAll(() => language[Symbol.asyncDispose]())

  test('the vocabulary is the published one', () => {
    expect(vocabulary.pieces).toHaveLength(151_643)
    expect(vocabularyChecksum(vocabulary)).toBe(expected.checksum)
  })

  test.each(expected.texts)('tokenizes as transformers: $text', ({ text, tokens }) => {
    expect(language.tokenize(text)).toEqual(tokens)
  })

  test('builds conversations as transformers', async () => {
    const pad = [...language.controls].flatMap(([text, token]) => (text === '<|video_pad|>' ? [token] : []))
    expect(expected.conversations.length).toBeGreaterThan(100)
    for (const { messages, tokens } of expected.conversations) {
      const prompt = await language.prompt(messages, { addGenerationPrompt: true })
      expect(prompt.flatMap((segment) => (segment.kind === 'clip' ? pad : segment.tokens))).toEqual(tokens)
    }
  })

  test.each(expected.clips ?? [])('tells the times of slices as transformers: $case', async ({ case: name, tokens }) => {
    const published = new PublishedFamily(fixtures(family), home)
    const { trace } = published.expected(name)
    await using engine = new Engine({ model: 'real', device: 'cpu', home: home(), cache: false })
    const request = { clip: published.clipOf(trace), prompt: trace.prompt, maxTokens: 1, out: scratch.path(`trace-${name}`) }
    expect((await engine.trace(request, signal)).tokens).toEqual(tokens)
  })
})
