import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { partShape } from '../../src/engine/checkpoint/mmproj-content.ts'
import { qwen2VlMmprojTensors, WRITTEN_NAMES } from '../../src/engine/families/qwen2-vl/mmproj-tensors.ts'
import type { Qwen2VlVisionConfig } from '../../src/engine/families/qwen2-vl/vision-config.ts'
import type { WrittenType } from '../../src/engine/formats/gguf/gguf-format.ts'
import { convertTensor } from '../../src/engine/formats/gguf/gguf-tensor-data.ts'
import { encodeGguf, type GgufTensor, type GgufValue } from '../../src/engine/formats/gguf/gguf-writer.ts'
import type { TensorSource } from '../../src/engine/formats/tensor-source.ts'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { physicalCores } from '../../src/engine/vision/threads.ts'
import { writeRandomCheckpoint } from './random-model.ts'

const signal = new AbortController().signal

interface Answer {
  readonly milliseconds: number
  readonly tokens: number
}

/** llama.cpp's own vision tower (mtmd), as shipped with `@fugood/llama.node`, on a language model so small that its cost is negligible. */
export class MtmdTower implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #exited: Promise<void>
  #pictures = 0
  /** Loading time of the tower in milliseconds. */
  readonly loading: number

  private constructor(child: ChildProcess, folder: string, loading: number) {
    this.#child = child
    this.#folder = folder
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()))
    this.loading = loading
  }

  /**
   * @param modules folder with the package in its node_modules
   * @param language GGUF that accepts the tower's embeddings ({@link smallLanguage})
   */
  static async open(modules: string, language: string, mmproj: string, folder: string): Promise<MtmdTower> {
    const path = fileURLToPath(new URL('./mtmd-process.mjs', import.meta.url))
    const child = fork(path, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const { milliseconds } = await ask(child, { modules, language, mmproj, threads: physicalCores() || undefined })
    return new MtmdTower(child, folder, milliseconds)
  }

  /** Returns the milliseconds for one image, including decoding its file. */
  async time(width: number, height: number): Promise<number> {
    const picture = join(this.#folder, `picture-${this.#pictures++}.png`)
    // A new image each time, since it caches images that it has seen.
    const background = { r: randomInt(256), g: randomInt(256), b: randomInt(256) }
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toFile(picture)
    const { milliseconds, tokens } = await ask(this.#child, { picture })
    await rm(picture)
    const expected = (width / 28) * (height / 28)
    if (tokens < expected || tokens > expected + 8) throw new Error(`mtmd made ${tokens} tokens of a picture of ${expected}`)
    return milliseconds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect()
    await this.#exited
  }
}

async function ask(child: ChildProcess, message: object): Promise<Answer> {
  const answer = await new Promise<Answer | { error: string }>((resolve) => {
    const onExit = (code: number | null) => resolve({ error: `mtmd's process ended (${code})` })
    child.once('exit', onExit)
    child.once('message', (value) => {
      child.off('exit', onExit)
      resolve(value as Answer)
    })
    child.send(message)
  })
  if ('error' in answer) throw new Error(answer.error)
  return answer
}

/** Writes a GGUF with one small layer that accepts embeddings of size `width`. */
export async function smallLanguage(folder: string, width: number): Promise<string> {
  const checkpoint = join(folder, 'language-checkpoint')
  const vision = { depth: 1, embed_dim: 32, num_heads: 2, mlp_ratio: 2 }
  await writeRandomCheckpoint(checkpoint, { layers: 1, width, feedForward: 256, heads: width / 128, keyValueHeads: 1, vision })
  const destination = join(folder, 'language')
  await importCheckpoint(checkpoint, { name: 'm', language: 'q8_0', vision: 'f32', home: folder, destination, signal })
  await rm(checkpoint, { recursive: true })
  return join(destination, 'language.gguf')
}

/** Writes the tower in the format of llama.cpp's converter: an mmproj GGUF with matrices in f16 or q8_0. */
export async function writeMmproj(path: string, source: TensorSource, config: Qwen2VlVisionConfig, type: 'F16' | 'Q8_0'): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const file = await open(path, 'wx')
  try {
    for await (const piece of encodeGguf({ metadata: metadataOf(config), tensors: tensorsOf(source, config, type) }))
      await file.writeFile(piece)
  } finally {
    await file.close()
  }
}

function metadataOf(config: Qwen2VlVisionConfig): Map<string, GgufValue> {
  const count = (value: number): GgufValue => ({ type: 'u32', value })
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'clip' }],
    ['general.type', { type: 'string', value: 'mmproj' }],
    ['general.file_type', count(1)],
    ['clip.has_vision_encoder', { type: 'bool', value: true }],
    ['clip.vision.projection_dim', count(config.hidden_size)],
    ['clip.vision.image_size', count(560)],
    ['clip.vision.patch_size', count(config.patch_size)],
    ['clip.vision.embedding_length', count(config.embed_dim)],
    ['clip.vision.feed_forward_length', count(config.embed_dim * config.mlp_ratio)],
    ['clip.vision.block_count', count(config.depth)],
    ['clip.vision.attention.head_count', count(config.num_heads)],
    ['clip.vision.image_mean', { type: 'f32[]', value: [0.48145466, 0.4578275, 0.40821073] }],
    ['clip.vision.image_std', { type: 'f32[]', value: [0.26862954, 0.26130258, 0.27577711] }],
    ['clip.projector_type', { type: 'string', value: 'qwen2vl_merger' }],
    ['clip.vision.attention.layer_norm_epsilon', { type: 'f32', value: 1e-6 }],
  ])
}

function tensorsOf(source: TensorSource, config: Qwen2VlVisionConfig, matrices: WrittenType): GgufTensor[] {
  return [...qwen2VlMmprojTensors(config, WRITTEN_NAMES)].flatMap(([name, recipe]) => {
    const shape = partShape(recipe)
    const type = shape.length === 2 ? matrices : 'F32'
    const size = shape.reduce((product, length) => product * length, 1)
    return recipe.parts.map((part, index) => {
      const one: TensorSource = {
        ...source,
        info: (name) => ({ name, dtype: 'F32', shape, bytes: size * 4 }),
        async *stream(name) {
          // Each frame is paired with itself here, too, so which halves of the random patch weights are taken does not matter.
          const floats = await source.floats(name)
          yield new Uint8Array(floats.slice(index * size, (index + 1) * size).buffer)
        },
      }
      return { name: part, type, shape, data: () => convertTensor(one, name, type, signal) }
    })
  })
}
