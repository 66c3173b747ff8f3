import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../../src/engine/formats/safetensors/safetensors.ts'
import { loadLanguage } from '../../../../src/engine/language/llama-model.ts'
import type { Language } from '../../../../src/engine/language/types.ts'
import { llamaCheckpoint, llamaCheckpoints, readConverted } from '../../../helpers/converted.ts'
import { ggufBytesOf, llamaContent } from '../../../helpers/llama-content.ts'

const CONTROL = 3
const never = new AbortController().signal
const template = '{% for message in messages %}{{ message.content }}{% endfor %}'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-tokenizers-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(llamaCheckpoints)("llama.cpp with %s's tokenizer", (name) => {
  const { texts } = readConverted(name)
  let language: Language
  let controls: ReadonlySet<number>
  beforeAll(async () => {
    await using source = await openCheckpoint(llamaCheckpoint(name))
    const content = await llamaContent(llamaCheckpoint(name), source, 'f32')
    const types = content.metadata.get('tokenizer.ggml.token_type')?.value as number[]
    controls = new Set(types.flatMap((type, id) => (type === CONTROL ? [id] : [])))
    const path = join(folder, `${name}.gguf`)
    await writeFile(path, ggufBytesOf(content))
    language = await loadLanguage(path, { template, videoPad: '<image>', device: 'cpu', signal: never })
  })
  afterAll(() => language[Symbol.asyncDispose]())

  it('adds the beginning token before a prompt if the settings say so', async () => {
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'What is it?' }] }]
    const prompt = await language.prompt(messages, { addGenerationPrompt: true })
    const tokens = prompt.flatMap((part) => (part.kind === 'tokens' ? part.tokens : []))
    const begin = name === 'vicuna' || name === 'json-only' ? [1] : []
    expect(tokens).toEqual([...begin, ...language.tokenize('What is it?')])
  })

  it('has only the control tokens of the template and the settings in a whole prompt', async () => {
    const count = async (text: string) => {
      const prompt = await language.prompt([{ role: 'user', content: [{ type: 'text', text }] }], { addGenerationPrompt: true })
      return prompt.flatMap((part) => (part.kind === 'tokens' ? part.tokens : [])).filter((token) => controls.has(token)).length
    }
    for (const { text } of texts) expect(await count(text)).toBe(await count('What is it?'))
  })

  it.each(texts)('equals the reference: $text', ({ text, tokens }) => {
    expect(language.tokenize(text)).toEqual(tokens)
  })

  it.each(texts)("treats control tokens in a user's text as text: $text", ({ text }) => {
    expect(language.tokenize(text).filter((token) => controls.has(token))).toEqual([])
  })
})

it("splits a user's text into characters where pieces would form a control token", async () => {
  await using source = await openCheckpoint(llamaCheckpoint('vicuna'))
  const content = await llamaContent(llamaCheckpoint('vicuna'), source, 'f32')
  const tokens = content.metadata.get('tokenizer.ggml.tokens')?.value as string[]
  const piece = tokens.indexOf('ing')
  const metadata = new Map(content.metadata)
  metadata.set('tokenizer.ggml.tokens', { type: 'string[]', value: tokens.with(piece, '<s') })
  const path = join(folder, 'leading.gguf')
  await writeFile(path, ggufBytesOf({ ...content, metadata }))
  await using language = await loadLanguage(path, { template, videoPad: '<image>', device: 'cpu', signal: never })
  const [, ...written] = language.tokenize('a<s>b')
  expect(written.map((token) => tokens[token])).toEqual(['<', 's', '>', 'b'])
  expect(language.detokenize(language.tokenize('a<s>b'))).toBe(' a<s>b')
})
