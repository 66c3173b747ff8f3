import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Progress } from '../../../shared/engine-events.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { readChatTemplates } from '../../checkpoint/chat-template.ts'
import { readConfigFile } from '../../checkpoint/config-file.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { makeVocabulary } from '../../checkpoint/vocabulary.ts'
import { qwen2VlConfig, qwen2VlPreprocessor } from '../../families/qwen2-vl/checkpoint-files.ts'
import { qwen2VlConfigOf } from '../../families/qwen2-vl/config.ts'
import { checkFields, readJsonFile, readTextFile } from '../../formats/checked-json.ts'
import { openCheckpoint } from '../../formats/safetensors/safetensors.ts'
import { SHARD_BYTES, type ShardTensor, writeShards } from '../../formats/safetensors/safetensors-shards.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { expectFreeSpace, writeStagedFolder } from '../import/write-staged-folder.ts'

/** Key prefixes of checkpoints, with those of published Qwen2-VL checkpoints; longer ones first. */
const PREFIXES = [
  ['language_model.lm_head.', 'lm_head.'],
  ['language_model.model.', 'model.'],
  ['model.language_model.', 'model.'],
  ['model.visual.', 'visual.'],
  ['vision_tower.', 'visual.'],
  ['lm_head.', 'lm_head.'],
  ['visual.', 'visual.'],
  ['model.', 'model.'],
] as const
const HEAD = 'lm_head.weight'
const EMBEDDINGS = 'model.embed_tokens.weight'
/** Files that are copied without changes. */
const COPIED = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
  'generation_config.json',
  'README.md',
  'LICENSE',
  'LICENSE.md',
  'LICENSE.txt',
] as const
/** Allows links from a snapshot in the Hugging Face cache to its blobs. */
const contain = { huggingFaceCache: true }

export interface ExportOptions {
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Maximum size of one weight file. Defaults to 5 GB, as in transformers. */
  readonly shardBytes?: number
}

/**
 * Exports a checkpoint of Tarsier2 (or any variant of Qwen2-VL) as a plain Qwen2-VL checkpoint for programs without Tarsier support: the
 * same weights, byte for byte, under the published names, with configuration, tokenizer and processor. `destination` must not exist; it is
 * written to a temporary folder and renamed when complete, so that a failure or an abort leaves nothing.
 * Throws `model-unsupported` for other families, `model-damaged`, `usage`, `disk-full`, `write-failed`.
 */
export async function exportQwen2Vl(checkpoint: string, destination: string, options: ExportOptions): Promise<void> {
  const { signal, onProgress } = options
  signal.throwIfAborted()
  const directory = resolve(checkpoint)
  const target = resolve(destination)
  const config = qwen2VlConfigOf(await readConfigFile(directory), directory)
  await using source = await openCheckpoint(directory)
  const { tied, tensors } = tensorsOf(source, config.language.tied)
  const tokenizer = await readTokenizerFiles(directory)
  const { tokens } = makeVocabulary(tokenizer, config.language.vocabulary, config.language.tokenIds)
  const embeddings = tensors.find(({ name }) => name === EMBEDDINGS)
  if (!embeddings)
    throw new TarsierError('model-damaged', `The checkpoint in ${directory} contains no token embeddings. Download all its files.`)
  const { processor: template } = await readChatTemplates(directory)
  const files = {
    'config.json': qwen2VlConfig(config, { tied, dtype: embeddings.dtype, tokens, directory }),
    'preprocessor_config.json': await qwen2VlPreprocessor(directory, config),
    'tokenizer_config.json': await tokenizerConfig(directory, template),
    'chat_template.json': { chat_template: template },
  }
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
  const key = createHash('sha256').update(`${directory}\n${target}`).digest('hex')
  await writeStagedFolder(dirname(target), basename(target), { name: basename(target), key }, async (staging) => {
    await expectFreeSpace(staging.directory, bytes)
    let written = 0
    await writeShards(staging.directory, tensors, {
      shardBytes: options.shardBytes ?? SHARD_BYTES,
      signal,
      onWritten(piece) {
        written += piece
        onProgress?.({ value: (0.99 * written) / bytes, title: 'writing the weights' })
      },
    })
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(staging.directory, name), `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx' })
    }
    // Newer readers expect the template in this file, older ones in tokenizer_config.json.
    await writeFile(join(staging.directory, 'chat_template.jinja'), template, { flag: 'wx' })
    for (const name of COPIED) {
      const text = await readTextFile(directory, name, contain)
      if (text !== null) await writeFile(join(staging.directory, name), text, { flag: 'wx' })
    }
    signal.throwIfAborted()
    onProgress?.({ value: 1, title: 'done' })
  })
}

/** All tensors under their published names. An output layer that is tied to the embedding table is left out, as readers expect. */
function tensorsOf(
  source: TensorSource,
  declaresTied: boolean | undefined,
): { readonly tied: boolean; readonly tensors: readonly ShardTensor[] } {
  const renamed = source.names.map((from) => {
    const prefix = PREFIXES.find(([old]) => from.startsWith(old))
    if (!prefix) {
      throw new TarsierError(
        'model-unsupported',
        `The tensor "${from}" is not part of the vision tower or the language model of a Qwen2-VL checkpoint.`,
        {
          details: { tensor: from },
        },
      )
    }
    return { from, name: prefix[1] + from.slice(prefix[0].length) }
  })
  const tied = declaresTied ?? !renamed.some(({ name }) => name === HEAD)
  const tensors = renamed
    .filter(({ name }) => !(tied && name === HEAD))
    .map(({ from, name }) => {
      const { dtype, shape, bytes } = source.info(from)
      return { name, dtype, shape, bytes, data: () => source.stream(from) }
    })
  return { tied, tensors }
}

/** Settings of the tokenizer, with the Qwen2-VL processor and the chat template for clips. */
async function tokenizerConfig(directory: string, template: string): Promise<Record<string, unknown>> {
  const own = await readJsonFile(directory, 'tokenizer_config.json', contain)
  const settings = own === null ? {} : checkFields(own, z.record(z.string(), z.unknown()), join(directory, 'tokenizer_config.json'))
  return { tokenizer_class: 'Qwen2Tokenizer', ...settings, processor_class: 'Qwen2VLProcessor', chat_template: template }
}
