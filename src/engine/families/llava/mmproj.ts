import { TarsierError } from '../../../shared/errors.ts'
import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import { pairMismatch, vocabularyOf } from '../../checkpoint/gguf-pair-files.ts'
import { feedForwardNames, LLAVA_PROJECTOR, type MmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource } from '../../formats/gguf/gguf-tensor-source.ts'
import type { FamilyPair } from '../model-family.ts'
import { writeLlavaMmproj } from './mmproj-export.ts'
import { llavaMmprojTensors } from './mmproj-tensors.ts'
import { llavaManifest, llavaTower } from './parts.ts'
import type { ClipTowerConfig } from './tower-config.ts'
import { clipVisionConfigSchema } from './vision-config.ts'

/** llama.cpp's names of the supported language models. */
const LANGUAGES: readonly string[] = ['llama', 'qwen2']

interface LlavaMmproj {
  readonly tower: ClipTowerConfig
  readonly preprocessing: TarsierManifest['preprocessing']
  /** Tensors of tower and projector under the names of a LLaVA checkpoint. */
  readonly tensors: GgufTensorSource
}

/** The pair of files that llama.cpp's converter writes for this family. */
export const llavaPair: FamilyPair<TarsierManifest> = {
  projector: LLAVA_PROJECTOR,
  accepted: `LLaVA with CLIP (${LANGUAGES.join(' or ')}, projector "${LLAVA_PROJECTOR}")`,
  takes: (architecture) => LANGUAGES.includes(architecture),
  read({ language, shape, mmproj, settings, found }, options) {
    const { tower, preprocessing, tensors } = readLlavaMmproj(mmproj, settings, shape.width)
    const vocabulary = vocabularyOf(language)
    return {
      manifest: llavaManifest(options, { ...found, preprocessing, vocabulary, maxSequence: shape.context }),
      tower: llavaTower(tensors, tower),
    }
  },
  write: (manifest, weights) => writeLlavaMmproj(manifest, weights, LLAVA_PROJECTOR),
}

/**
 * Reads a CLIP tower with LLaVA's projector from its mmproj file. `width` is the language model's. The file format has no separators;
 * frames are padded to a square, as in llama.cpp. Closing the tensors closes the file.
 * Throws `model-unsupported`, `model-mismatch`, `model-damaged`.
 */
function readLlavaMmproj(gguf: GgufFile, settings: MmprojSettings, width: number): LlavaMmproj {
  const { path, head } = gguf
  const refuse = (what: string) => new TarsierError('model-unsupported', `${path}: ${what}.`)
  if (head.tensors.has('mm.3.weight')) throw refuse('its projector has norms between its layers; only two linear layers are supported')
  if (head.values.has('clip.vision.image_grid_pinpoints'))
    throw refuse('it splits pictures into tiles (image_grid_pinpoints); only whole pictures are supported')
  if (head.values.get('clip.use_silu') === true) throw refuse('clip.use_silu is true; only GELU and quick GELU are supported')
  const rows = head.tensors.get('mm.2.weight')?.shape[1]
  if (rows !== width) throw pairMismatch(path, rows ?? 0, width)
  const [first, second] = feedForwardNames(gguf, settings.width)
  const vision = checkFields(
    {
      hidden_size: settings.width,
      intermediate_size: head.tensors.get(`v.blk.0.${first}.weight`)?.shape[1],
      num_hidden_layers: settings.layers,
      num_attention_heads: settings.heads,
      image_size: settings.imageSize,
      patch_size: settings.patchSize,
      hidden_act: head.values.get('clip.use_gelu') === true ? 'gelu' : 'quick_gelu',
      layer_norm_eps: settings.number('attention.layer_norm_epsilon'),
    },
    clipVisionConfigSchema,
    path,
  )
  const tower: ClipTowerConfig = {
    vision,
    layers: featureLayer(gguf) ?? settings.layers,
    classToken: false,
    projection: 'MLP',
    width,
    rowSeparator: null,
    frameSeparator: null,
  }
  if (tower.layers < 1 || tower.layers > settings.layers)
    throw refuse(`it takes its features after ${tower.layers} of ${settings.layers} layers`)
  return {
    tower,
    preprocessing: { mean: [...settings.mean], std: [...settings.std], square: 'pad', shortestSide: settings.imageSize },
    tensors: new GgufTensorSource(gguf, llavaMmprojTensors(vision, width, [first, second])),
  }
}

/** Layer whose output is used. A file without this setting contains only the layers up to it, even though llama.cpp treats such files differently. */
function featureLayer({ path, head }: GgufFile): number | undefined {
  const value = head.values.get('clip.vision.feature_layer')
  if (value === undefined) return undefined
  const numbers = typeof value === 'object' ? (value.numbers ?? []) : []
  if (numbers.length === 1) return numbers[0]
  throw new TarsierError(
    'model-unsupported',
    `${path}: it combines the features of ${numbers.length} layers; only the features of one layer are supported.`,
  )
}
