import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { expectClipPlace, GIVEN_TEMPLATE, readChatTemplates } from '../../checkpoint/chat-template.ts'
import { sourceOf } from '../../checkpoint/checkpoint-source.ts'
import { DESCRIBE, manifestBase } from '../../checkpoint/manifest-base.ts'
import { readModelCard } from '../../checkpoint/model-card.ts'
import type { ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { languageContent } from '../../checkpoint/mrope-language.ts'
import { sliceTowerMetadata } from '../../checkpoint/slice-tower.ts'
import { expectSpecialTokens } from '../../checkpoint/special-tokens.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { expectVideoPad, VIDEO_PAD } from '../../checkpoint/video-pad.ts'
import { makeVocabulary } from '../../checkpoint/vocabulary.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { languageForm, qwen3VlConfigOf } from './config.ts'
import { type Qwen3VlProcessors, readPreprocessing } from './preprocessing.ts'
import { towerBytes, writeQwen3VlTower } from './tower.ts'
import { type Qwen3VlVisionConfig, rowWidth } from './vision-config.ts'

/** Frames that fit most machines; with more, users choose. The model was published for up to 768. */
const SETTINGS = { frames: 16, repeats: false, maxTokens: 256 } as const
/** As for Qwen2.5-VL, although the language model was trained for more. */
const MAX_SEQUENCE = 32768

/** Reads a Qwen3-VL checkpoint in Hugging Face's format. `configFile` is its config.json. */
export async function readQwen3VlParts(
  directory: string,
  configFile: unknown,
  source: TensorSource,
  options: ModelOptions,
): Promise<ModelParts> {
  const config = qwen3VlConfigOf(configFile, directory)
  const { language, vision } = config
  const vocabulary = makeVocabulary(await readTokenizerFiles(directory), language.vocabulary, language.tokenIds)
  expectVideoPad(vocabulary, directory)
  expectSpecialTokens(vocabulary, directory)
  const templates = await readChatTemplates(directory, options.template)
  expectClipPlace(templates.processor, VIDEO_PAD, options.template === undefined ? directory : GIVEN_TEMPLATE)
  const card = await readModelCard(directory)
  const contents = { name: options.name, config: language, vocabulary, template: templates.tokenizer, card }
  return {
    manifest: qwen3VlManifest(options, {
      licence: card.licenceName ?? card.licence,
      source: sourceOf(directory),
      processors: await readPreprocessing(directory, vision),
      template: templates.processor,
      context: language.context,
    }),
    language: {
      metadata: { width: rowWidth(vision), context: language.context },
      content: (precision, signal) => languageContent(source, contents, { precision, signal }, languageForm(config)),
    },
    tower: qwen3VlTower(source, vision),
  }
}

/**
 * Creates the manifest fields of a model of this family, without its files, from values of either file format. `context` is the language
 * model's training context.
 */
export function qwen3VlManifest(
  options: ModelOptions,
  found: Pick<Qwen3VlManifest, 'source'> & {
    readonly licence: string | undefined
    readonly processors: Qwen3VlProcessors
    readonly template: string
    readonly context: number
  },
): ModelParts['manifest'] {
  const base = manifestBase(options, found, SETTINGS)
  const { preprocessing, perSecond } = found.processors
  return {
    ...base,
    family: 'qwen3-vl',
    sampler: { ...base.sampler, perSecond, roundedStep: true },
    preprocessing: { ...preprocessing, ...(options.frameMaxPixels !== undefined && { frameMaxPixels: options.frameMaxPixels }) },
    prompt: { template: found.template, videoPad: VIDEO_PAD, describe: options.describe ?? DESCRIBE },
    maxSequence: Math.min(MAX_SEQUENCE, found.context),
  }
}

/** The tower from a source with a checkpoint's tensor names. */
export function qwen3VlTower(source: TensorSource, vision: Qwen3VlVisionConfig): ModelParts['tower'] {
  return {
    metadata: {
      width: rowWidth(vision),
      ...sliceTowerMetadata(vision),
      positionsSide: Math.sqrt(vision.num_position_embeddings),
    },
    bytes: (precision) => towerBytes(vision, precision),
    write: (written) => writeQwen3VlTower(source, vision, written),
  }
}
