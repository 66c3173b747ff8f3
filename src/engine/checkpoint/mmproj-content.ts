import type { VisionPrecision } from '../../shared/model-manifest.ts'
import type { ComputedTensors } from '../formats/computed-tensors.ts'
import type { WrittenType } from '../formats/gguf/gguf-format.ts'
import { convertTensor } from '../formats/gguf/gguf-tensor-data.ts'
import type { TensorRecipe } from '../formats/gguf/gguf-tensor-source.ts'
import type { GgufContent, GgufTensor, GgufValue } from '../formats/gguf/gguf-writer.ts'
import { expectShape } from '../formats/onnx/onnx-checkpoint-weights.ts'
import type { MmprojSettings } from './mmproj-settings.ts'

/** Settings of an mmproj file that is written. */
export interface WrittenSettings extends Omit<MmprojSettings, 'number'> {
  /** Width of the output rows, which is the language model's. */
  readonly projected: number
  readonly feedForward: number
  readonly epsilon: number
  /** Settings of this kind of tower, by their whole names. */
  readonly further: readonly (readonly [string, GgufValue])[]
}

/** The tower of a model as an mmproj file has it. */
export interface WrittenMmproj {
  readonly settings: WrittenSettings
  /** The table of the import: a checkpoint's tensors, and their parts in the file. */
  readonly table: ReadonlyMap<string, TensorRecipe>
  /** The model's weights. Computed ones are written in 32 bits. */
  readonly weights: ComputedTensors
  /** Names in `weights` of a part of a checkpoint's tensor. The rows of several follow one another. */
  stored(name: string, part: number, parts: number): readonly string[]
  /** Differences between llama.cpp's result and the model's, as sentences for the user. */
  readonly notices: readonly string[]
}

export interface MmprojOptions {
  readonly name: string
  /** Undefined if it is not known. */
  readonly licence: string | undefined
  /** Precision of the model's tower. Matrices are written in 16 bits, unless it has 32. */
  readonly precision: VisionPrecision
  readonly signal: AbortSignal
}

/** Returns the content of an mmproj file. Throws `model-damaged` if the weights do not have the shapes of the table. */
export function mmprojContent({ settings, table, weights, stored }: WrittenMmproj, options: MmprojOptions): GgufContent {
  const whole = options.precision === 'f32'
  const tensors: GgufTensor[] = []
  for (const [name, recipe] of table) {
    const shape = partShape(recipe)
    for (const [index, part] of recipe.parts.entries()) {
      const from = stored(name, index, recipe.parts.length)
      for (const one of from)
        expectShape(
          weights,
          one,
          shape.map((size, axis) => (axis === 0 ? size / from.length : size)),
        )
      const type = whole || shape.length !== 2 || from.some((one) => weights.isComputed(one)) ? 'F32' : 'F16'
      tensors.push({ name: part, type, shape, data: () => convertAll(weights, from, type, options.signal) })
    }
  }
  return { metadata: metadataOf(settings, whole ? 0 : 1, options), tensors }
}

async function* convertAll(
  weights: ComputedTensors,
  names: readonly string[],
  type: WrittenType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const name of names) yield* convertTensor(weights, name, type, signal)
}

/** Shape of each part of a tensor: rows of it, or one slice along the axis along which the parts alternate. */
export function partShape({ shape, parts, turns }: TensorRecipe): readonly number[] {
  if (turns === undefined) return shape.map((size, axis) => (axis === 0 ? size / parts.length : size))
  const after = shape.findIndex((_, axis) => shape.slice(axis).reduce((product, size) => product * size, 1) === turns)
  return shape.filter((_, axis) => axis !== after - 1)
}

/** The inverse of `readMmprojSettings`. */
function metadataOf(settings: WrittenSettings, fileType: number, { name, licence }: MmprojOptions): Map<string, GgufValue> {
  const text = (value: string): GgufValue => ({ type: 'string', value })
  const count = (value: number): GgufValue => ({ type: 'u32', value })
  return new Map<string, GgufValue>([
    ['general.architecture', text('clip')],
    ['general.type', text('mmproj')],
    ['general.name', text(name)],
    ...(licence === undefined ? [] : [['general.license', text(licence)] as const]),
    ['general.file_type', count(fileType)],
    ['clip.has_vision_encoder', { type: 'bool', value: true }],
    ['clip.projector_type', text(settings.projector)],
    ['clip.vision.projection_dim', count(settings.projected)],
    ['clip.vision.image_size', count(settings.imageSize)],
    ['clip.vision.patch_size', count(settings.patchSize)],
    ['clip.vision.embedding_length', count(settings.width)],
    ['clip.vision.feed_forward_length', count(settings.feedForward)],
    ['clip.vision.block_count', count(settings.layers)],
    ['clip.vision.attention.head_count', count(settings.heads)],
    ['clip.vision.attention.layer_norm_epsilon', { type: 'f32', value: settings.epsilon }],
    ['clip.vision.image_mean', { type: 'f32[]', value: settings.mean }],
    ['clip.vision.image_std', { type: 'f32[]', value: settings.std }],
    ...settings.further,
  ])
}
