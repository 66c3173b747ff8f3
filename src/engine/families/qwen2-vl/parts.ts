import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { expectClipPlace, GIVEN_TEMPLATE, readChatTemplates } from '../../checkpoint/chat-template.ts'
import { sourceOf } from '../../checkpoint/checkpoint-source.ts'
import { DESCRIBE, manifestBase } from '../../checkpoint/manifest-base.ts'
import { readModelCard } from '../../checkpoint/model-card.ts'
import type { ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { languageContent } from '../../checkpoint/mrope-language.ts'
import { expectSpecialTokens } from '../../checkpoint/special-tokens.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { expectVideoPad, VIDEO_PAD } from '../../checkpoint/video-pad.ts'
import { makeVocabulary } from '../../checkpoint/vocabulary.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { qwen2VlConfigOf } from './config.ts'
import { readPreprocessing } from './preprocessing.ts'
import { towerBytes, writeQwen2VlTower } from './tower.ts'
import type { Qwen2VlVisionConfig } from './vision-config.ts'

/** Tarsier2's settings, which are not in any file of a checkpoint. */
const SETTINGS = { frames: 16, repeats: false, maxTokens: 256 } as const
const MAX_SEQUENCE = 16384

/** Reads a Qwen2-VL checkpoint, such as Tarsier2, in Hugging Face's format. `configFile` is its config.json. */
export async function readQwen2VlParts(
  directory: string,
  configFile: unknown,
  source: TensorSource,
  options: ModelOptions,
): Promise<ModelParts> {
  const config = qwen2VlConfigOf(configFile, directory)
  const vocabulary = makeVocabulary(await readTokenizerFiles(directory), config.language.vocabulary, config.language.tokenIds)
  expectVideoPad(vocabulary, directory)
  expectSpecialTokens(vocabulary, directory)
  const templates = await readChatTemplates(directory, options.template)
  expectClipPlace(templates.processor, VIDEO_PAD, options.template === undefined ? directory : GIVEN_TEMPLATE)
  const card = await readModelCard(directory)
  const { vision } = config
  return {
    manifest: qwen2VlManifest(options, {
      licence: card.licenceName ?? card.licence,
      source: sourceOf(directory),
      preprocessing: await readPreprocessing(directory, vision),
      template: templates.processor,
      context: config.language.context,
    }),
    language: {
      metadata: { width: config.language.width, context: config.language.context },
      content: (precision, signal) =>
        languageContent(
          source,
          { name: options.name, config: config.language, vocabulary, template: templates.tokenizer, card },
          { precision, signal },
        ),
    },
    tower: qwen2VlTower(source, vision),
  }
}

/**
 * Creates the manifest fields of a model of this family, without its files, from values of either file format. `context` is the language
 * model's training context.
 */
export function qwen2VlManifest(
  options: ModelOptions,
  found: Pick<Tarsier2Manifest, 'source' | 'preprocessing'> & {
    readonly licence: string | undefined
    readonly template: string
    readonly context: number
  },
): ModelParts['manifest'] {
  return {
    ...manifestBase(options, found, SETTINGS),
    family: 'tarsier2',
    preprocessing: { ...found.preprocessing, ...(options.frameMaxPixels !== undefined && { frameMaxPixels: options.frameMaxPixels }) },
    prompt: { template: found.template, videoPad: VIDEO_PAD, describe: options.describe ?? DESCRIBE },
    maxSequence: Math.min(MAX_SEQUENCE, found.context),
  }
}

/** The tower from a source with a checkpoint's tensor names. */
export function qwen2VlTower(source: TensorSource, vision: Qwen2VlVisionConfig): ModelParts['tower'] {
  return {
    metadata: {
      width: vision.hidden_size,
      patchSize: vision.patch_size,
      mergeSize: vision.spatial_merge_size,
      temporalPatchSize: vision.temporal_patch_size,
      headSize: vision.embed_dim / vision.num_heads,
    },
    bytes: (precision) => towerBytes(vision, precision),
    write: (options) => writeQwen2VlTower(source, vision, options),
  }
}
