import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../../src/engine/formats/safetensors/safetensors.ts'

/** Qwen2-VL's layout, which is Tarsier2's, and that of Tarsier 1 and of LLaVA. */
export const qwen2VlNames = ['tied-heads-of-16', 'grouped-heads-of-32', 'newer-keys-heads-of-64', 'tied-heads-of-128'] as const
export const llavaNames = [
  'tarsier-heads-of-16',
  'tarsier-grouped-heads-of-32',
  'tarsier-shuffled-heads-of-64',
  'llava-heads-of-128',
] as const
export type CheckpointName = (typeof qwen2VlNames)[number] | (typeof llavaNames)[number]

export interface RawTensor {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** The content of any file: tests write values that no type allows. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type JsonObject = Record<string, any>

export type RawTensors = ReadonlyMap<string, RawTensor>

/** A folder that make_fixtures.py or tarsier1_fixtures.py in tools/reference wrote. */
export function checkpointPath(name: CheckpointName): string {
  return fileURLToPath(new URL(`../fixtures/parity/checkpoints/${name}/`, import.meta.url))
}

/** A copy of such a folder for changes, with an empty home beside it; disposing it removes both. */
export class CheckpointCopy implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async of(name: CheckpointName): Promise<CheckpointCopy> {
    return await CheckpointCopy.from(checkpointPath(name))
  }

  static async from(checkpoint: string): Promise<CheckpointCopy> {
    const copy = new CheckpointCopy(await mkdtemp(join(tmpdir(), 'tarsier-checkpoint-')))
    await cp(checkpoint, copy.directory, { recursive: true })
    return copy
  }

  get directory(): string {
    return join(this.#folder, 'checkpoint')
  }

  get home(): string {
    return join(this.#folder, 'home')
  }

  path(file: string): string {
    return join(this.directory, file)
  }

  /** Replaces a JSON file by the result of `change`, or by the changed object if it returns nothing. */
  async json(file: string, change: (value: JsonObject) => unknown): Promise<void> {
    const value = JSON.parse(await readFile(this.path(file), 'utf8'))
    await writeFile(this.path(file), JSON.stringify(change(value) ?? value))
  }

  async remove(...files: readonly string[]): Promise<void> {
    for (const file of files) await rm(this.path(file), { force: true })
  }

  /** The tensors of all shards. */
  async tensors(): Promise<Map<string, RawTensor>> {
    await using source = await openCheckpoint(this.directory)
    const tensors = new Map<string, RawTensor>()
    for (const name of source.names) {
      const { dtype, shape } = source.info(name)
      tensors.set(name, { dtype, shape, bytes: await source.bytes(name) })
    }
    return tensors
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

export function safetensorsBytes(tensors: RawTensors): Uint8Array {
  let at = 0
  const header: Record<string, unknown> = {}
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.byteLength] }
    at += bytes.byteLength
  }
  return withHeader(JSON.stringify(header), Buffer.concat([...tensors.values()].map(({ bytes }) => bytes)))
}

/** A file with any header, valid or not. */
export function withHeader(header: string, data: Uint8Array, claimedLength = BigInt(Buffer.byteLength(header))): Uint8Array {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claimedLength)
  return Buffer.concat([length, Buffer.from(header), data])
}

export async function writeSharded(copy: CheckpointCopy, tensors: RawTensors, shards: number): Promise<void> {
  await copy.remove('model.safetensors')
  const entries = [...tensors]
  const weightMap: Record<string, string> = {}
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-${String(shard + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`
    const part = entries.filter((_, i) => i % shards === shard)
    for (const [name] of part) weightMap[name] = file
    await writeFile(copy.path(file), safetensorsBytes(new Map(part)))
  }
  await writeFile(copy.path('model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }))
}
