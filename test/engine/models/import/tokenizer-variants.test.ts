import { readFileSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeLlamaVocabulary, readLlamaTokenizerFiles } from '../../../../src/engine/checkpoint/llama-vocabulary.ts'
import { openCheckpoint } from '../../../../src/engine/formats/safetensors/safetensors.ts'
import { loadLanguage } from '../../../../src/engine/language/llama-model.ts'
import { llamaCheckpoint } from '../../../helpers/converted.ts'
import { ggufBytesOf, llamaConfig, llamaContent } from '../../../helpers/llama-content.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

/** A tokenizer with contradicting files, and the tokens of transformers for it (tools/reference/tokenizer_variants.py). */
interface Variant {
  readonly base: 'json-only' | 'qwen2'
  readonly name: string
  readonly tokenizer: object
  readonly settings: object
  /** Each text is a list of pieces with the end token between them. */
  readonly texts: readonly { readonly pieces: readonly string[]; readonly tokens: readonly number[] }[]
}

const variants: readonly Variant[] = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../fixtures/converted/variants.json', import.meta.url)), 'utf8'),
)
const template = '{% for message in messages %}{% if not loop.first %}{{ eos_token }}{% endif %}{{ message.content }}{% endfor %}'

async function change(path: string, fields: object): Promise<void> {
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...fields }))
}

test.each(variants.map((variant) => [`${variant.base}: ${variant.name}`, variant] as const))(
  'uses only tokenizer.json, like transformers: %s',
  async (_, { base, tokenizer, settings, texts }) => {
    await using scratch = await ScratchFolder.make()
    const folder = scratch.path('checkpoint')
    await cp(llamaCheckpoint(base), folder, { recursive: true })
    await change(`${folder}/tokenizer.json`, tokenizer)
    await change(`${folder}/tokenizer_config.json`, settings)
    if (base === 'json-only') await cp(`${llamaCheckpoint('vicuna')}/tokenizer.model`, `${folder}/tokenizer.model`)
    const { vocabulary: size, tokenIds } = llamaConfig(folder)
    const vocabulary = base === 'json-only' ? makeLlamaVocabulary(await readLlamaTokenizerFiles(folder), size, tokenIds) : null
    const spaces = { spaceOnce: vocabulary?.spaceOnce, spaceUnlessGiven: vocabulary?.spaceUnlessGiven }
    {
      await using source = await openCheckpoint(folder)
      await writeFile(scratch.path('tiny.gguf'), ggufBytesOf(await llamaContent(folder, source, 'f32')))
    }
    const signal = new AbortController().signal
    const options = { template, videoPad: '<image>', device: 'cpu', signal, ...spaces } as const
    await using language = await loadLanguage(scratch.path('tiny.gguf'), options)
    for (const { pieces, tokens } of texts) {
      const messages = pieces.map((text) => ({ role: 'user' as const, content: [{ type: 'text' as const, text }] }))
      const prompt = await language.prompt(messages, { addGenerationPrompt: false })
      expect(
        prompt.flatMap((part) => (part.kind === 'tokens' ? part.tokens : [])),
        JSON.stringify(pieces),
      ).toEqual(tokens)
    }
  },
)
