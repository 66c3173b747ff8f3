import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import { expectClipPlace, GIVEN_TEMPLATE, readChatTemplates } from '../../checkpoint/chat-template.ts'
import { sourceOf } from '../../checkpoint/checkpoint-source.ts'
import { DESCRIBE, manifestBase } from '../../checkpoint/manifest-base.ts'
import { readModelCard } from '../../checkpoint/model-card.ts'
import type { ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { languageContent } from '../../checkpoint/mrope-language.ts'
import { type QwenProcessor, readQwenProcessor } from '../../checkpoint/qwen-processor.ts'
import { sliceTowerMetadata } from '../../checkpoint/slice-tower.ts'
import { expectSpecialTokens } from '../../checkpoint/special-tokens.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { expectVideoPad, VIDEO_PAD } from '../../checkpoint/video-pad.ts'
import { makeVocabulary } from '../../checkpoint/vocabulary.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { qwen25VlConfigOf } from './config.ts'
import { towerBytes, writeQwen25VlTower } from './tower.ts'
import { type Qwen25VlVisionConfig, windowPatches } from './vision-config.ts'

/** Frames that fit most machines; with more, users choose. The model was published for up to 768. */
const SETTINGS = { frames: 16, repeats: false, maxTokens: 256 } as const
/** Context length of the published examples, although the language model was trained for more. */
const MAX_SEQUENCE = 32768
/** Settings of its video processor, which are in qwen-vl-utils 0.0.10 and not in the files of published checkpoints. */
const FRAMES_PER_SECOND = 2
const FRAME_MIN_PIXELS = 128 * 28 * 28
const FRAME_MAX_PIXELS = 768 * 28 * 28
const CLIP_MAX_PIXELS = Math.trunc(128000 * 28 * 28 * 0.9)
/** The maximum that the model's card recommends for pictures. With the image processor's own, attention over a photo would need tens of gigabytes. */
const PICTURE_MAX_PIXELS = 1280 * 28 * 28

/** Reads a Qwen2.5-VL checkpoint in Hugging Face's format. `configFile` is its config.json. */
export async function readQwen25VlParts(
  directory: string,
  configFile: unknown,
  source: TensorSource,
  options: ModelOptions,
): Promise<ModelParts> {
  const { language, vision } = qwen25VlConfigOf(configFile, directory)
  const vocabulary = makeVocabulary(await readTokenizerFiles(directory), language.vocabulary, language.tokenIds)
  expectVideoPad(vocabulary, directory)
  expectSpecialTokens(vocabulary, directory)
  const templates = await readChatTemplates(directory, options.template)
  expectClipPlace(templates.processor, VIDEO_PAD, options.template === undefined ? directory : GIVEN_TEMPLATE)
  const card = await readModelCard(directory)
  return {
    manifest: qwen25VlManifest(options, {
      licence: card.licenceName ?? card.licence,
      source: sourceOf(directory),
      vision,
      processor: await readQwenProcessor(directory, vision),
      template: templates.processor,
      context: language.context,
    }),
    language: {
      metadata: { width: language.width, context: language.context },
      content: (precision, signal) =>
        languageContent(
          source,
          { name: options.name, config: language, vocabulary, template: templates.tokenizer, card },
          { precision, signal },
        ),
    },
    tower: qwen25VlTower(source, vision),
  }
}

/**
 * Creates the manifest fields of a model of this family, without its files, from values of either file format. `context` is the language
 * model's training context.
 */
export function qwen25VlManifest(
  options: ModelOptions,
  found: Pick<Qwen25VlManifest, 'source'> & {
    readonly licence: string | undefined
    readonly vision: Qwen25VlVisionConfig
    readonly processor: QwenProcessor
    readonly template: string
    readonly context: number
  },
): ModelParts['manifest'] {
  const base = manifestBase(options, found, SETTINGS)
  return {
    ...base,
    family: 'qwen2.5-vl',
    sampler: { ...base.sampler, multipleOf: found.vision.temporal_patch_size, perSecond: FRAMES_PER_SECOND },
    preprocessing: preprocessingOf(found.processor, options),
    prompt: { template: found.template, videoPad: VIDEO_PAD, describe: options.describe ?? DESCRIBE },
    maxSequence: Math.min(MAX_SEQUENCE, found.context),
  }
}

/** The tower from a source with a checkpoint's tensor names. */
export function qwen25VlTower(source: TensorSource, vision: Qwen25VlVisionConfig): ModelParts['tower'] {
  return {
    metadata: {
      width: vision.out_hidden_size,
      ...sliceTowerMetadata(vision),
      window: windowPatches(vision),
      positionsPerSecond: vision.tokens_per_second,
    },
    bytes: (precision) => towerBytes(vision, precision),
    write: (written) => writeQwen25VlTower(source, vision, written),
  }
}

function preprocessingOf(
  { minPixels, maxPixels, ...picture }: QwenProcessor,
  { frameMaxPixels = FRAME_MAX_PIXELS }: ModelOptions,
): Qwen25VlManifest['preprocessing'] {
  const most = Math.max(minPixels, Math.min(maxPixels, PICTURE_MAX_PIXELS))
  return {
    ...picture,
    minPixels,
    maxPixels: most,
    frameMinPixels: FRAME_MIN_PIXELS,
    frameMaxPixels,
    clipMaxPixels: CLIP_MAX_PIXELS,
  }
}
