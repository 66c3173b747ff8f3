import { join } from 'node:path'
import { z } from 'zod'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE, tiedOf, tokenIdsOf } from '../../checkpoint/config-file.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { LlamaLanguageConfig } from './language.ts'
import { readLlavaLanguage } from './language-config.ts'
import type { ClipTowerConfig, ProjectionHead } from './tower-config.ts'
import { clipVisionConfigSchema } from './vision-config.ts'

export interface LlavaConfig {
  readonly tower: ClipTowerConfig
  readonly language: LlamaLanguageConfig
  /** Whether frames are padded to a square (`do_image_padding`); undefined if config.json does not set it. */
  readonly padding: boolean | undefined
}

/** Defaults in Tarsier's code, for a config.json without these fields. */
const ROW_SEPARATOR = 32002
const FRAME_SEPARATOR = 32003
const TARSIER = 'TarsierForConditionalGeneration'
const ARCHITECTURES: readonly string[] = [TARSIER, 'LlavaForConditionalGeneration']
const VISION = 'clip_vision_model'
const LANGUAGES = ['llama', 'qwen2'] as const

/** The accepted configs, for error messages. */
export const ACCEPTED = `Tarsier or LLaVA (model_type "llava" around a vision_config of model_type "${VISION}" and a text_config of model_type "${LANGUAGES.join('" or "')}")`

const id = z.int().min(0)
const inner = z.looseObject({ model_type: z.string().optional() })
const wrapperSchema = z.looseObject({
  model_type: z.literal('llava'),
  architectures: z.array(z.string()).nullish(),
  vision_config: inner.nullish(),
  text_config: inner.nullish(),
  projection_head: z.string().nullish(),
  projector_hidden_act: z.string().default('gelu'),
  multimodal_projector_bias: z.boolean().default(true),
  /** Only one layer is supported; lists are rejected with an error. */
  vision_feature_layer: z.union([z.int(), z.array(z.int())]).default(-2),
  vision_feature_select_strategy: z.string().default('default'),
  image_newline_idx: id.nullish(),
  image_new_idx: id.nullish(),
  do_image_padding: z.boolean().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  quantization_config: z.unknown().optional(),
})
type Wrapper = z.output<typeof wrapperSchema>

/** Whether config.json is that of a LLaVA wrapper around a CLIP tower and a llama or Qwen2 language model, as in Tarsier version 1. */
export function isLlavaConfig(value: unknown): boolean {
  const parsed = z
    .looseObject({ model_type: z.literal('llava'), vision_config: inner.nullish(), text_config: inner.nullish() })
    .safeParse(value)
  return parsed.success && visionOf(parsed.data) === VISION && languageOf(parsed.data) !== undefined
}

/**
 * Reads such a config.json. A checkpoint has separators if it has Tarsier's architecture or one of the separator ids; LLaVA's own
 * checkpoints have none. Throws `model-unsupported`, `model-damaged`.
 */
export function readLlavaConfig(value: unknown, directory: string): LlavaConfig {
  const path = join(directory, CONFIG_FILE)
  const wrapper = checkFields(value, wrapperSchema, path)
  const architecture = languageOf(wrapper)
  if (architecture === undefined) throw unsupported(path, 'the language model is of an unsupported kind')
  const { architectures } = wrapper
  if (architectures && !architectures.some((name) => ARCHITECTURES.includes(name)))
    throw unsupported(path, `found architecture ${architectures.join(', ')}; only ${ARCHITECTURES.join(' and ')} are supported`)
  if (wrapper.quantization_config !== undefined && wrapper.quantization_config !== null)
    throw unsupported(path, 'the checkpoint is quantized (quantization_config). Give the original checkpoint')
  const language: LlamaLanguageConfig = {
    ...readLlavaLanguage(wrapper.text_config, architecture, `${path}: text_config`),
    tied: tiedOf(wrapper),
    tokenIds: tokenIdsOf(wrapper),
  }
  const vision = checkFields(wrapper.vision_config ?? {}, clipVisionConfigSchema, `${path}: vision_config`)
  const projection = projectionOf(wrapper, path)
  const tower: ClipTowerConfig = {
    vision,
    layers: layersOf(wrapper, vision.num_hidden_layers, path),
    classToken: keepsClassToken(wrapper, path),
    projection,
    width: language.width,
    ...separatorsOf(wrapper, projection),
  }
  checkTogether(tower, language, path)
  return { tower, language, padding: wrapper.do_image_padding ?? undefined }
}

function visionOf({ vision_config }: Pick<Wrapper, 'vision_config'>): string {
  return vision_config?.model_type ?? VISION
}

function languageOf({ text_config }: Pick<Wrapper, 'text_config'>): (typeof LANGUAGES)[number] | undefined {
  return LANGUAGES.find((name) => name === (text_config?.model_type ?? 'llama'))
}

/** Version 1 of Tarsier's code supports one projector only and has no field for it; version 2 has the field. */
function projectionOf(wrapper: Wrapper, path: string): ProjectionHead {
  const { projection_head: head, projector_hidden_act: activation } = wrapper
  if (head !== undefined && head !== null && head !== 'MLP' && head !== 'Pixel_Shuffle')
    throw unsupported(path, `projection_head is "${head}"; only "MLP", "Pixel_Shuffle" and null are supported`)
  if (activation !== 'gelu') throw unsupported(path, `projector_hidden_act is "${activation}"; only "gelu" is supported`)
  if (!wrapper.multimodal_projector_bias) throw unsupported(path, 'multimodal_projector_bias is false; only true is supported')
  return head === null ? 'none' : (head ?? 'MLP')
}

/**
 * Number of layers up to the one whose output is used. hidden_states also contains the input of the first layer, so it has one more entry
 * than there are layers.
 */
function layersOf({ vision_feature_layer: layer }: Wrapper, layers: number, path: string): number {
  if (typeof layer !== 'number')
    throw unsupported(path, `vision_feature_layer is a list (${layer.join(', ')}); only a single layer number is supported`)
  const taken = layer < 0 ? layers + 1 + layer : layer
  if (taken < 0 || taken > layers)
    throw unsupported(path, `vision_feature_layer is ${layer}; only ${-layers - 1} to ${layers} are supported`)
  return taken
}

function keepsClassToken({ vision_feature_select_strategy: strategy }: Wrapper, path: string): boolean {
  if (strategy === 'default' || strategy === 'full') return strategy === 'full'
  throw unsupported(path, `vision_feature_select_strategy is "${strategy}"; only "default" and "full" are supported`)
}

/** In Tarsier the projector inserts the separators, so there are none without a projector. */
function separatorsOf(wrapper: Wrapper, projection: ProjectionHead): Pick<ClipTowerConfig, 'rowSeparator' | 'frameSeparator'> {
  const { image_newline_idx: row, image_new_idx: frame, architectures } = wrapper
  const tarsier = architectures?.includes(TARSIER) === true || row != null || frame != null
  if (!tarsier || projection === 'none') return { rowSeparator: null, frameSeparator: null }
  return { rowSeparator: row ?? ROW_SEPARATOR, frameSeparator: frame ?? FRAME_SEPARATOR }
}

function checkTogether(tower: ClipTowerConfig, language: LlamaLanguageConfig, path: string): void {
  const { vision, projection, classToken, rowSeparator, frameSeparator } = tower
  const side = vision.image_size / vision.patch_size
  if (projection === 'Pixel_Shuffle' && side % 2 !== 0)
    throw unsupported(path, `Pixel_Shuffle needs blocks of two by two patches, but a picture has ${side} by ${side} patches`)
  if (projection === 'none' && vision.hidden_size !== language.width) {
    throw new TarsierError(
      'model-mismatch',
      `${path}: without a projector the vision tower produces rows of ${vision.hidden_size} values, but the language model requires ${language.width}.`,
      { details: { vision: vision.hidden_size, language: language.width } },
    )
  }
  if (classToken && (rowSeparator !== null || projection === 'Pixel_Shuffle'))
    throw unsupported(
      path,
      'vision_feature_select_strategy is "full", but the class token must be excluded to form rows; only "default" is supported',
    )
  for (const [field, token] of Object.entries({ image_newline_idx: rowSeparator, image_new_idx: frameSeparator })) {
    if (token !== null && token >= language.vocabulary)
      throw new TarsierError(
        'model-damaged',
        `${path}: ${field} is ${token}, but vocab_size is ${language.vocabulary}. Download the file again.`,
      )
  }
}

function unsupported(path: string, what: string): TarsierError {
  return new TarsierError('model-unsupported', `${path}: ${what}.`)
}
