import { TarsierError } from '../../shared/errors.ts'
import type { GgufFile } from '../formats/gguf/gguf-file.ts'
import { CLIP_MEAN, CLIP_STD } from './processor-settings.ts'

/** llama.cpp's name of LLaVA's projector of two linear layers. */
export const LLAVA_PROJECTOR = 'mlp'

/** Vision tower settings that all kinds of llama.cpp's mmproj files contain. */
export interface MmprojSettings {
  /** llama.cpp's name of the projector between the vision tower and the language model. */
  readonly projector: string
  readonly layers: number
  /** Width of the tower's layers. */
  readonly width: number
  readonly heads: number
  readonly patchSize: number
  readonly imageSize: number
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  /** Returns another numeric setting by its name after `clip.vision.`; undefined if the file lacks it. */
  number(name: string): number | undefined
}

const MAX_LAYERS = 1024
const MAX_WIDTH = 1 << 16

/** Whether a GGUF file contains a vision tower with its projector. */
export function isMmproj({ head: { values } }: GgufFile): boolean {
  return values.get('general.architecture') === 'clip'
}

/** Throws `model-unsupported` for a file without a vision tower, `model-damaged` for missing or invalid settings. */
export function readMmprojSettings({ path, head: { values } }: GgufFile): MmprojSettings {
  const damaged = (key: string, found: unknown) =>
    new TarsierError('model-damaged', `${path}: ${key} is ${String(found ?? 'missing')}. Download the file again.`, { details: { key } })
  const whole = (name: string, most: number): number => {
    const value = values.get(`clip.vision.${name}`)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) throw damaged(`clip.vision.${name}`, value)
    return value
  }
  const colours = (name: string, least: number): [number, number, number] => {
    const value = values.get(`clip.vision.${name}`)
    const [red, green, blue] = (typeof value === 'object' ? (value.numbers ?? []) : []).map(unrounded)
    if (
      red === undefined ||
      green === undefined ||
      blue === undefined ||
      ![red, green, blue].every((number) => number > least && number < 2)
    )
      throw damaged(`clip.vision.${name}`, red)
    return [red, green, blue]
  }
  // Files from 2023 only declare that there is a projector, because there was only one kind.
  const unnamed = values.get('clip.has_llava_projector') === true ? LLAVA_PROJECTOR : undefined
  const projector = values.get('clip.projector_type') ?? values.get('clip.vision.projector_type') ?? unnamed
  if (values.get('clip.has_vision_encoder') !== true || typeof projector !== 'string') {
    throw new TarsierError('model-unsupported', `${path} contains no vision tower with a projector. Give the mmproj file of the model.`)
  }
  return {
    projector,
    layers: whole('block_count', MAX_LAYERS),
    width: whole('embedding_length', MAX_WIDTH),
    heads: whole('attention.head_count', MAX_WIDTH),
    patchSize: whole('patch_size', 1024),
    imageSize: whole('image_size', MAX_WIDTH),
    mean: colours('image_mean', -1),
    std: colours('image_std', 0),
    number: (name: string) => {
      const value = values.get(`clip.vision.${name}`)
      return typeof value === 'number' ? value : undefined
    },
  }
}

/** Names of the two feed-forward layers. The older converter named the first one "down"; detected by shape, except for square layers. */
export function feedForwardNames(gguf: GgufFile, width: number): [first: string, second: string] {
  const [columns, rows] = gguf.head.tensors.get('v.blk.0.ffn_down.weight')?.shape ?? []
  return columns === width && rows !== width ? ['ffn_down', 'ffn_up'] : ['ffn_up', 'ffn_down']
}

/** Recovers the number that was rounded to 32 bits: CLIP's own value, or the shortest decimal that rounds to the same. */
function unrounded(stored: number): number {
  const same = (value: number) => Math.fround(value) === stored
  for (const known of [...CLIP_MEAN, ...CLIP_STD]) if (same(known)) return known
  for (let digits = 1; digits <= 9; digits++) {
    const value = Number(stored.toPrecision(digits))
    if (same(value)) return value
  }
  return stored
}
