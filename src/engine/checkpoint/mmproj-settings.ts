import { TarsierError } from '../../shared/errors.ts'
import type { GgufFile } from '../formats/gguf/gguf-file.ts'
import { CLIP_MEAN, CLIP_STD } from './processor-settings.ts'

/** llama.cpp's name of LLaVA's two linear layers. */
export const LLAVA_PROJECTOR = 'mlp'

/** What llama.cpp's mmproj file of any kind says of its vision tower. */
export interface MmprojSettings {
  /** llama.cpp's name of what stands between tower and language model. */
  readonly projector: string
  readonly layers: number
  /** Width of the tower's layers. */
  readonly width: number
  readonly heads: number
  readonly patchSize: number
  readonly imageSize: number
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
  /** A further setting by its name after `clip.vision.`; undefined where the file has none. */
  number(name: string): number | undefined
}

const MOST_LAYERS = 1024
const MOST_WIDTH = 1 << 16

/** Whether a GGUF is a vision tower with its projector. */
export function isMmproj({ head: { values } }: GgufFile): boolean {
  return values.get('general.architecture') === 'clip'
}

/** Throws `model-unsupported` for a file that is no vision tower, `model-damaged` for settings that are missing or wrong. */
export function readMmprojSettings({ path, head: { values } }: GgufFile): MmprojSettings {
  const damaged = (key: string, found: unknown) =>
    new TarsierError('model-damaged', `${path}: ${key} is ${String(found ?? 'missing')}. Fetch the file again.`, { details: { key } })
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
  // Files of 2023 say no more than that there is one, for there was one kind only.
  const unnamed = values.get('clip.has_llava_projector') === true ? LLAVA_PROJECTOR : undefined
  const projector = values.get('clip.projector_type') ?? values.get('clip.vision.projector_type') ?? unnamed
  if (values.get('clip.has_vision_encoder') !== true || typeof projector !== 'string') {
    throw new TarsierError('model-unsupported', `${path} holds no vision tower with a projector. Give the mmproj file of the model.`)
  }
  return {
    projector,
    layers: whole('block_count', MOST_LAYERS),
    width: whole('embedding_length', MOST_WIDTH),
    heads: whole('attention.head_count', MOST_WIDTH),
    patchSize: whole('patch_size', 1024),
    imageSize: whole('image_size', MOST_WIDTH),
    mean: colours('image_mean', -1),
    std: colours('image_std', 0),
    number: (name: string) => {
      const value = values.get(`clip.vision.${name}`)
      return typeof value === 'number' ? value : undefined
    },
  }
}

/** Files of the older converter call the first of the two linear layers "down"; of square ones the name is to be trusted. */
export function feedForwardNames(gguf: GgufFile, width: number): [first: string, second: string] {
  const [columns, rows] = gguf.head.tensors.get('v.blk.0.ffn_down.weight')?.shape ?? []
  return columns === width && rows !== width ? ['ffn_down', 'ffn_up'] : ['ffn_up', 'ffn_down']
}

/** A number as it was before it was stored in 32 bits: CLIP's own, or the shortest that is stored the same. */
function unrounded(stored: number): number {
  const same = (value: number) => Math.fround(value) === stored
  for (const known of [...CLIP_MEAN, ...CLIP_STD]) if (same(known)) return known
  for (let digits = 1; digits <= 9; digits++) {
    const value = Number(stored.toPrecision(digits))
    if (same(value)) return value
  }
  return stored
}
