import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../../src/engine/formats/safetensors/safetensors.ts'
import { exportCheckpoint } from '../../../../src/engine/models/export/export-checkpoint.ts'
import { importCheckpoint } from '../../../../src/engine/models/import/import-checkpoint.ts'
import { type CheckpointName, checkpointPath, type RawTensors, safetensorsBytes } from '../../../helpers/checkpoint-folder.ts'

const never = new AbortController().signal
let scratch: string
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tarsier-export-'))
})
afterEach(() => rm(scratch, { recursive: true, force: true }))

async function tensorsOf(directory: string): Promise<Map<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>> {
  await using source = await openCheckpoint(directory)
  const tensors = new Map<string, { dtype: string; shape: readonly number[]; bytes: Uint8Array }>()
  for (const name of source.names) {
    const { dtype, shape } = source.info(name)
    tensors.set(name, { dtype, shape, bytes: await source.bytes(name) })
  }
  return tensors
}

/** A published checkpoint in Tarsier2's form: config.json and tensor names of its wrapper. */
async function wrapped(name: CheckpointName): Promise<string> {
  const directory = join(scratch, 'wrapped')
  await cp(checkpointPath(name), directory, { recursive: true })
  const { vision_config, architectures: _, model_type: __, ...text } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'))
  const config = {
    architectures: ['TarsierForConditionalGeneration'],
    model_type: 'llava',
    projection_head: null,
    text_config: { ...text, model_type: 'qwen2_vl' },
    vision_config: { ...vision_config, model_type: 'qwen2_vl' },
    tie_word_embeddings: text.tie_word_embeddings,
  }
  await writeFile(join(directory, 'config.json'), JSON.stringify(config))
  const renamed: RawTensors = new Map(
    [...(await tensorsOf(directory))].map(([key, tensor]) => [
      key.startsWith('visual.') ? key.replace('visual.', 'vision_tower.') : `language_model.${key}`,
      tensor,
    ]),
  )
  for (const file of await readdir(directory)) if (file.includes('safetensors')) await rm(join(directory, file))
  await writeFile(join(directory, 'model.safetensors'), safetensorsBytes(renamed))
  return directory
}

describe('export as Qwen2-VL', () => {
  it('keeps an output layer that config.json says is tied, as an import does', async () => {
    const directory = await wrapped('grouped-heads-of-32')
    const path = join(directory, 'config.json')
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), tie_word_embeddings: true }))
    const destination = join(scratch, 'kept')
    await exportCheckpoint(directory, destination, { as: 'qwen2-vl', signal: never })
    expect(await tensorsOf(destination)).toEqual(await tensorsOf(checkpointPath('grouped-heads-of-32')))
    expect(JSON.parse(await readFile(join(destination, 'config.json'), 'utf8'))).toMatchObject({ tie_word_embeddings: false })
  })

  it.each(['tied-heads-of-16', 'grouped-heads-of-32'] as const)("removes Tarsier2's wrapper: %s", async (name) => {
    const destination = join(scratch, 'plain')
    await exportCheckpoint(await wrapped(name), destination, { as: 'qwen2-vl', signal: never })
    expect(await tensorsOf(destination)).toEqual(await tensorsOf(checkpointPath(name)))
    const read = async (directory: string, file: string) => JSON.parse(await readFile(join(directory, file), 'utf8'))
    const [exported, published] = [await read(destination, 'config.json'), await read(checkpointPath(name), 'config.json')]
    for (const field of [
      'model_type',
      'architectures',
      'hidden_size',
      'rope_theta',
      'rope_scaling',
      'tie_word_embeddings',
      'vocab_size',
      'video_token_id',
    ]) {
      expect(exported[field], field).toEqual(published[field])
    }
    expect(await readdir(scratch)).not.toContainEqual(expect.stringMatching(/^\./))
  })

  it('a checkpoint and its export import as the same model', async () => {
    const origin = await wrapped('grouped-heads-of-32')
    await exportCheckpoint(origin, join(scratch, 'plain'), { as: 'qwen2-vl', signal: never })
    const files: Buffer[][] = []
    for (const [name, directory] of Object.entries({ before: origin, after: join(scratch, 'plain') })) {
      const folder = await importCheckpoint(directory, {
        name: 'same',
        home: join(scratch, name),
        language: 'f32',
        vision: 'f32',
        signal: never,
      })
      files.push(await Promise.all(['language.gguf', 'vision.onnx'].map((file) => readFile(join(folder, file)))))
    }
    expect(files[0]?.map((bytes, i) => bytes.equals(files[1]?.[i] as Buffer))).toEqual([true, true])
  })

  it('splits large checkpoints into shards with an index', async () => {
    const destination = join(scratch, 'shards')
    await exportCheckpoint(checkpointPath('newer-keys-heads-of-64'), destination, { as: 'qwen2-vl', signal: never, shardBytes: 40_000 })
    const names = await readdir(destination)
    expect(names.filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name)).length).toBeGreaterThan(2)
    const [before, after] = [await tensorsOf(checkpointPath('newer-keys-heads-of-64')), await tensorsOf(destination)]
    expect([...after.keys()].every((name) => /^(visual|model|lm_head)\./.test(name) && !name.startsWith('model.visual'))).toBe(true)
    expect([...after.values()].map(({ bytes }) => Buffer.from(bytes).toString('base64')).sort()).toEqual(
      [...before.values()].map(({ bytes }) => Buffer.from(bytes).toString('base64')).sort(),
    )
  })

  it('leaves no file after an abort, and does not change existing files', async () => {
    const destination = join(scratch, 'plain')
    const controller = new AbortController()
    const exporting = exportCheckpoint(checkpointPath('grouped-heads-of-32'), destination, {
      as: 'qwen2-vl',
      signal: controller.signal,
      onProgress: ({ value }) => value > 0.3 && controller.abort(),
    })
    await expect(exporting).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(scratch)).toEqual([])
    await writeFile(destination, 'mine')
    await expect(
      exportCheckpoint(checkpointPath('grouped-heads-of-32'), destination, { as: 'qwen2-vl', signal: never }),
    ).rejects.toMatchObject({
      code: 'model-exists',
    })
    expect(await readFile(destination, 'utf8')).toBe('mine')
  })

  it('rejects other families', async () => {
    const directory = join(scratch, 'other')
    await cp(checkpointPath('grouped-heads-of-32'), directory, { recursive: true })
    await writeFile(join(directory, 'config.json'), JSON.stringify({ model_type: 'llama', architectures: ['LlamaForCausalLM'] }))
    await expect(exportCheckpoint(directory, join(scratch, 'plain'), { as: 'qwen2-vl', signal: never })).rejects.toMatchObject({
      code: 'model-unsupported',
    })
  })
})
