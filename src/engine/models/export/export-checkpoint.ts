import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Progress } from '../../../shared/engine-events.ts'
import { publishedForm } from '../../families/families.ts'
import { readTextFile } from '../../formats/checked-json.ts'
import { openCheckpoint } from '../../formats/safetensors/safetensors.ts'
import { SHARD_BYTES, writeShards } from '../../formats/safetensors/safetensors-shards.ts'
import { expectFreeSpace, writeStagedFolder } from '../import/write-staged-folder.ts'

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
  /** Name of the published form, such as `qwen2-vl`. */
  readonly as: string
  readonly onProgress?: (progress: Progress) => void
  /** Maximum size of one weight file. Defaults to 5 GB, as in transformers. */
  readonly shardBytes?: number
}

/**
 * Exports a checkpoint in a published form of its family, for programs that do not support the checkpoint itself: the same weights, byte for byte,
 * under the published names, with configuration, tokenizer and processor. `destination` must not exist; it is written to a temporary folder and
 * renamed when complete, so that a failure or an abort leaves nothing.
 * Throws `usage` for an unknown form, `model-unsupported` for checkpoints of other families, `model-damaged`, `disk-full`, `write-failed`.
 */
export async function exportCheckpoint(checkpoint: string, destination: string, options: ExportOptions): Promise<void> {
  const { signal, onProgress } = options
  signal.throwIfAborted()
  const directory = resolve(checkpoint)
  const target = resolve(destination)
  const form = publishedForm(options.as)
  await using source = await openCheckpoint(directory)
  const { tensors: names, files, template } = await form.read(directory, source)
  const tensors = names.map(({ from, name }) => {
    const { dtype, shape, bytes } = source.info(from)
    return { name, dtype, shape, bytes, data: () => source.stream(from) }
  })
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
