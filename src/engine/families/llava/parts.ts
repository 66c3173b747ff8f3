import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import { expectClipPlace, findChatTemplates, GIVEN_TEMPLATE } from '../../checkpoint/chat-template.ts'
import { sourceOf } from '../../checkpoint/checkpoint-source.ts'
import { makeLlamaVocabulary, readLlamaTokenizerFiles } from '../../checkpoint/llama-vocabulary.ts'
import { DESCRIBE, manifestBase } from '../../checkpoint/manifest-base.ts'
import { readModelCard } from '../../checkpoint/model-card.ts'
import type { ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { expectSpecialTokens } from '../../checkpoint/special-tokens.ts'
import { readTokenizerFiles } from '../../checkpoint/tokenizer-files.ts'
import { makeVocabulary, type Vocabulary } from '../../checkpoint/vocabulary.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { readLlavaConfig } from './config.ts'
import { type LlamaLanguageConfig, llamaLanguageContent } from './language.ts'
import { readClipPreprocessing } from './preprocessing.ts'
import { TARSIER_CLIP, tarsierTemplate } from './tarsier-template.ts'
import { clipTowerBytes, writeClipTower } from './tower.ts'
import { type ClipTowerConfig, clipVisionMetadata, gridSide } from './tower-config.ts'

/** Tarsier's settings for version 1, which are not in any file of a checkpoint. */
const SETTINGS = { frames: 8, repeats: true, maxTokens: 512 } as const
const DESCRIBE_PICTURE = 'Describe the image in detail.'
/**
 * Limits for the context: as many frames as on Tarsier's model page, though the language model is said to have been trained on fewer,
 * and tokens of text in addition.
 */
const MAX_FRAMES = 16
const MAX_TEXT = 2048

/** Reads a checkpoint of Tarsier version 1 (or of LLaVA, on which it is based) in Hugging Face's format. `config` is its config.json. */
export async function readLlavaParts(directory: string, config: unknown, source: TensorSource, options: ModelOptions): Promise<ModelParts> {
  const { tower, language, padding } = readLlavaConfig(config, directory)
  const vocabulary = await readVocabulary(directory, language)
  expectSpecialTokens(vocabulary, directory)
  const templates = await findChatTemplates(directory)
  const template = options.template ?? templates.tokenizer ?? undefined
  const card = await readModelCard(directory)
  return {
    manifest: llavaManifest(options, {
      licence: card.licenceName ?? card.licence,
      source: sourceOf(directory),
      preprocessing: await readClipPreprocessing(directory, tower, padding),
      vocabulary,
      maxSequence: maxSequence(tower, language),
    }),
    language: {
      metadata: { width: language.width, context: language.context },
      content: (precision, signal) =>
        llamaLanguageContent(source, { name: options.name, config: language, vocabulary, template, card }, { precision, signal }),
    },
    tower: llavaTower(source, tower),
  }
}

/** Creates the manifest fields of a model of this family, without its files, from values of either file format. */
export function llavaManifest(
  options: ModelOptions,
  found: Pick<TarsierManifest, 'source' | 'preprocessing' | 'maxSequence'> & {
    readonly licence: string | undefined
    readonly vocabulary: Pick<Vocabulary, 'tokens' | 'types' | 'specialIds' | 'spaceOnce' | 'spaceUnlessGiven'>
  },
): ModelParts['manifest'] {
  if (options.template !== undefined) expectClipPlace(options.template, TARSIER_CLIP, GIVEN_TEMPLATE)
  return {
    ...manifestBase(options, found, SETTINGS),
    family: 'tarsier',
    preprocessing: found.preprocessing,
    prompt: {
      template: options.template ?? tarsierTemplate(found.vocabulary),
      videoPad: TARSIER_CLIP,
      describe: options.describe ?? DESCRIBE,
      describePicture: DESCRIBE_PICTURE,
      ...(found.vocabulary.spaceOnce && { spaceOnce: true }),
      ...(found.vocabulary.spaceUnlessGiven && { spaceUnlessGiven: true }),
    },
    maxSequence: found.maxSequence,
  }
}

/** The tower from a source with a checkpoint's tensor names. */
export function llavaTower(source: TensorSource, tower: ClipTowerConfig): ModelParts['tower'] {
  return {
    metadata: clipVisionMetadata(tower),
    bytes: (precision) => clipTowerBytes(tower, precision),
    write: (options) => writeClipTower(source, tower, options),
  }
}

async function readVocabulary(directory: string, { architecture, vocabulary, tokenIds }: LlamaLanguageConfig): Promise<Vocabulary> {
  return architecture === 'llama'
    ? makeLlamaVocabulary(await readLlamaTokenizerFiles(directory), vocabulary, tokenIds)
    : makeVocabulary(await readTokenizerFiles(directory), vocabulary, tokenIds)
}

/** Tarsier was trained with longer contexts than its language model's config.json states; for LLaVA, config.json is used. */
function maxSequence(tower: ClipTowerConfig, { context }: LlamaLanguageConfig): number {
  if (tower.rowSeparator === null) return context
  const side = gridSide(tower)
  return Math.max(context, MAX_FRAMES * (side * (side + 1) + 1) + MAX_TEXT)
}
