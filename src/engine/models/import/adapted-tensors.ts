import { TarsierError } from '../../../shared/errors.ts'
import { floatToHalf, Scratch, toFloats } from '../../formats/float-formats.ts'
import type { CheckpointDtype, TensorInfo, TensorSource } from '../../formats/tensor-source.ts'
import type { LoraAdapter, LoraUpdate } from './lora-adapter.ts'

/** Name parts of wrapper modules; they differ between wrappers and transformers releases, and are ignored when layers are compared. */
const LANGUAGE_HOLDERS = new Set(['model', 'language_model'])
const VISION_HOLDERS = new Set(['model', 'visual', 'vision_tower', 'vision_model'])
/** Number of ranks that are added to a row in one pass. */
const AT_ONCE = 4
/** Number of buffers for chunks, so that a reader can use one while the next is computed. */
const PIECES = 3

/**
 * Merges an adapter's updates into a checkpoint's tensors as they are read, in each tensor's own type; equivalent to PEFT's
 * merge_and_unload. Closing the result closes both. Throws `model-mismatch` if the adapter changes layers that the checkpoint does not
 * have.
 * @param tied whether the output layer is tied to the embedding table
 */
export function mergeAdapter(base: TensorSource, adapter: LoraAdapter, tied: boolean): TensorSource {
  const keys = new Map<string, string>()
  for (const key of base.names) if (key.endsWith('.weight')) keys.set(layerName(key.slice(0, -'.weight'.length)), key)
  const updates = new Map<string, LoraUpdate>()
  for (const update of adapter.updates) {
    const name = layerName(update.layer)
    if (name === 'language lm_head' && tied) {
      throw new TarsierError(
        'model-unsupported',
        `The adapter ${adapter.name} changes "${update.layer}", which shares its weights with the token embeddings in this checkpoint. Merge the adapter with PEFT first.`,
      )
    }
    // Module paths in an adapter of the vision tower alone do not name the tower.
    const key = keys.get(name) ?? keys.get(layerName(`visual.${update.layer}`))
    const shape = key === undefined ? undefined : base.info(key).shape
    if (key === undefined || shape?.length !== 2 || shape[0] !== update.outputs || shape[1] !== update.inputs || updates.has(key)) {
      throw new TarsierError(
        'model-mismatch',
        `The adapter ${adapter.name} changes "${update.layer}" of ${update.outputs} × ${update.inputs}, but the checkpoint has ${
          shape === undefined ? 'no such layer' : `[${shape.join(', ')}] there`
        }. Give the checkpoint that the adapter was trained on.`,
        { details: { layer: update.layer } },
      )
    }
    updates.set(key, update)
  }
  return new AdaptedTensors(base, adapter, updates)
}

/** Layer name of a module path, without wrapper modules. */
function layerName(path: string): string {
  const parts = path.split('.')
  const vision = parts.some((part) => part !== 'model' && VISION_HOLDERS.has(part))
  const holders = vision ? VISION_HOLDERS : LANGUAGE_HOLDERS
  const from = parts.findIndex((part) => !holders.has(part))
  return `${vision ? 'vision' : 'language'} ${parts.slice(from).join('.')}`
}

class AdaptedTensors implements TensorSource {
  readonly #base: TensorSource
  readonly #adapter: LoraAdapter
  /** By checkpoint key. */
  readonly #updates: ReadonlyMap<string, LoraUpdate>

  constructor(base: TensorSource, adapter: LoraAdapter, updates: ReadonlyMap<string, LoraUpdate>) {
    this.#base = base
    this.#adapter = adapter
    this.#updates = updates
  }

  get names(): readonly string[] {
    return this.#base.names
  }

  has(name: string): boolean {
    return this.#base.has(name)
  }

  info(name: string): TensorInfo {
    return this.#base.info(name)
  }

  async bytes(name: string): Promise<Uint8Array> {
    if (!this.#updates.has(name)) return await this.#base.bytes(name)
    const whole = new Uint8Array(this.info(name).bytes)
    let at = 0
    for await (const piece of this.stream(name)) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    return whole
  }

  stream(name: string, pieceBytes?: number): AsyncIterable<Uint8Array> {
    const update = this.#updates.get(name)
    const pieces = this.#base.stream(name, pieceBytes)
    return update ? withUpdate(pieces, update, this.info(name)) : pieces
  }

  async floats(name: string): Promise<Float32Array> {
    return this.#updates.has(name) ? toFloats(await this.bytes(name), this.info(name).dtype) : await this.#base.floats(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#adapter[Symbol.asyncDispose]()
    await this.#base[Symbol.asyncDispose]()
  }
}

async function* withUpdate(pieces: AsyncIterable<Uint8Array>, update: LoraUpdate, { name, dtype }: TensorInfo): AsyncGenerator<Uint8Array> {
  const rows = new UpdateRows(update, await update.down(), await update.up())
  const buffers = Array.from({ length: PIECES }, () => ({ floats: new Scratch(), out: new Scratch() }))
  const { inputs } = update
  let done = 0
  let turn = 0
  for await (const piece of pieces) {
    const scratch = buffers[turn++ % PIECES] as (typeof buffers)[number]
    const stored = toFloats(piece, dtype)
    const sums = scratch.floats.floats(stored.length)
    for (let at = 0; at < stored.length; ) {
      const row = Math.floor((done + at) / inputs)
      const first = (done + at) % inputs
      const count = Math.min(inputs - first, stored.length - at)
      const delta = rows.row(row)
      for (let i = 0; i < count; i++) sums[at + i] = (stored[at + i] as number) + (delta[first + i] as number)
      at += count
    }
    done += stored.length
    yield toStored(sums, dtype, scratch.out, name)
  }
}

/** Rows of `scale · up · down`. Sums are computed in 64 bits and rounded to 32, like the checkpoint's own values. */
class UpdateRows {
  readonly #update: LoraUpdate
  readonly #down: Float64Array
  readonly #up: Float32Array
  readonly #sums: Float64Array
  readonly #row: Float32Array
  #last = -1

  constructor(update: LoraUpdate, down: Float32Array, up: Float32Array) {
    const { rank, inputs } = update
    this.#update = update
    // Padded with zero rows to a multiple of AT_ONCE.
    this.#down = new Float64Array(Math.ceil(rank / AT_ONCE) * AT_ONCE * inputs)
    this.#down.set(down)
    this.#up = up
    this.#sums = new Float64Array(inputs)
    this.#row = new Float32Array(inputs)
  }

  row(index: number): Float32Array {
    if (index === this.#last) return this.#row
    this.#last = index
    const { rank, inputs, scale } = this.#update
    const down = this.#down
    const sums = this.#sums.fill(0)
    const factor = (at: number) => (at < rank ? (this.#up[index * rank + at] as number) : 0)
    for (let at = 0; at < rank; at += AT_ONCE) {
      const [a, b, c, d] = [factor(at), factor(at + 1), factor(at + 2), factor(at + 3)]
      for (let i = 0, from = at * inputs; i < inputs; i++, from++) {
        sums[i] =
          (sums[i] as number) +
          a * (down[from] as number) +
          b * (down[from + inputs] as number) +
          c * (down[from + 2 * inputs] as number) +
          d * (down[from + 3 * inputs] as number)
      }
    }
    for (let i = 0; i < inputs; i++) this.#row[i] = (sums[i] as number) * scale
    return this.#row
  }
}

/** Rounds to nearest, ties to even. */
function toStored(values: Float32Array, dtype: CheckpointDtype, scratch: Scratch, name: string): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const stored = dtype === 'F32' ? null : scratch.halves(values.length)
  let wrong = false
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number
    if ((word & 0x7f800000) === 0x7f800000) wrong = true
    if (stored === null) continue
    const half = dtype === 'BF16' ? (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 : floatToHalf(values[i] as number)
    if (dtype === 'F16' && (half & 0x7c00) === 0x7c00) wrong = true
    stored[i] = half
  }
  if (wrong)
    throw new TarsierError('model-damaged', `With the adapter, "${name}" contains NaN or infinite values. Download the adapter again.`)
  const { buffer, byteOffset, byteLength } = stored ?? values
  return new Uint8Array(buffer, byteOffset, byteLength)
}
