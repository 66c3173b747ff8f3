import { TarsierError } from '../../../shared/errors.ts'
import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { expectClipPlace, GIVEN_TEMPLATE } from '../../checkpoint/chat-template.ts'
import { textOf, vocabularyOf } from '../../checkpoint/gguf-pair-files.ts'
import { feedForwardNames, type MmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import { DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS } from '../../checkpoint/qwen-processor.ts'
import { expectVideoPad, VIDEO_PAD } from '../../checkpoint/video-pad.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource } from '../../formats/gguf/gguf-tensor-source.ts'
import type { FamilyPair } from '../model-family.ts'
import { writeQwen2VlMmproj } from './mmproj-export.ts'
import { qwen2VlMmprojTensors, SLICES, WRITTEN_NAMES } from './mmproj-tensors.ts'
import { qwen2VlManifest, qwen2VlTower } from './parts.ts'
import { CLIP_MAX_PIXELS, FRAME_MAX_PIXELS } from './preprocessing.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from './vision-config.ts'

/** llama.cpp's names of Qwen2-VL's merger and of its language model. */
const PROJECTOR = 'qwen2vl_merger'
const ARCHITECTURE = 'qwen2vl'

interface Qwen2VlMmproj {
  readonly vision: Qwen2VlVisionConfig
  readonly preprocessing: Tarsier2Manifest['preprocessing']
  /** The tower's tensors under the names of a published checkpoint. */
  readonly tensors: GgufTensorSource
}

/** The pair of files that llama.cpp's converter writes for this family. */
export const qwen2VlPair: FamilyPair<Tarsier2Manifest> = {
  projector: PROJECTOR,
  accepted: `Qwen2-VL (architecture ${ARCHITECTURE}, projector "${PROJECTOR}")`,
  takes: (architecture) => architecture === ARCHITECTURE,
  read({ language, shape, mmproj, settings, found }, options) {
    const { vision, preprocessing, tensors } = readQwen2VlMmproj(mmproj, settings, shape.width)
    const template = clipTemplate(language, options.template)
    return {
      manifest: qwen2VlManifest(options, { ...found, preprocessing, template, context: shape.context }),
      tower: qwen2VlTower(tensors, vision),
    }
  },
  write: (manifest, weights) => writeQwen2VlMmproj(manifest, weights, PROJECTOR),
}

function clipTemplate(language: GgufFile, given: string | undefined): string {
  const template = given ?? textOf(language, 'tokenizer.chat_template')
  if (template === undefined) {
    throw new TarsierError(
      'model-damaged',
      `${language.path} contains no chat template. Use another GGUF file of the model, or give a template.`,
      {
        remedy: 'give-template',
      },
    )
  }
  expectClipPlace(template, VIDEO_PAD, given === undefined ? language.path : GIVEN_TEMPLATE)
  expectVideoPad(vocabularyOf(language), language.path)
  return template
}

/**
 * Reads a Qwen2-VL tower from an mmproj file of llama.cpp's converter, which stores q, k and v separately, and the patch convolution as
 * two, one per temporal slice. `width` is the language model's. Closing the tensors closes the file.
 * Throws `model-unsupported`, `model-mismatch`, `model-damaged`.
 */
function readQwen2VlMmproj(gguf: GgufFile, settings: MmprojSettings, width: number): Qwen2VlMmproj {
  const { path } = gguf
  for (const key of ['clip.use_gelu', 'clip.use_silu']) {
    if (gguf.head.values.get(key) === true)
      throw new TarsierError('model-unsupported', `${path}: ${key} is true, but the vision tower of Qwen2-VL uses quick GELU.`)
  }
  const projected = settings.number('projection_dim')
  const rows = rowsOf(gguf, 'mm.2.weight')
  if (projected !== width || rows !== width) {
    throw new TarsierError(
      'model-mismatch',
      `The vision tower in ${path} produces rows of ${rows ?? projected ?? 0} values, but the language model requires ${width}. The two files do not match.`,
      { details: { vision: rows ?? projected ?? 0, language: width } },
    )
  }
  if (gguf.head.tensors.has(`v.blk.${settings.layers}.ln1.weight`)) {
    throw new TarsierError(
      'model-damaged',
      `${path} contains more layers than the ${settings.layers} in its metadata. Download the file again.`,
    )
  }
  const [up, down] = feedForwardNames(gguf, settings.width)
  const vision = checkFields(
    {
      depth: settings.layers,
      embed_dim: settings.width,
      num_heads: settings.heads,
      // The file's feed_forward_length is the language model's width, due to a bug in the converter.
      mlp_ratio: (rowsOf(gguf, `v.blk.0.${up}.weight`) ?? 0) / settings.width,
      hidden_size: width,
      patch_size: settings.patchSize,
      temporal_patch_size: SLICES,
      spatial_merge_size: settings.number('spatial_merge_size'),
    },
    qwen2VlVisionConfigSchema,
    path,
  )
  return {
    vision,
    preprocessing: {
      mean: [...settings.mean],
      std: [...settings.std],
      minPixels: settings.number('image_min_pixels') ?? DEFAULT_MIN_PIXELS,
      maxPixels: settings.number('image_max_pixels') ?? DEFAULT_MAX_PIXELS,
      frameMaxPixels: FRAME_MAX_PIXELS,
      clipMaxPixels: CLIP_MAX_PIXELS,
    },
    tensors: new GgufTensorSource(gguf, qwen2VlMmprojTensors(vision, { up, down, heads: headNames(gguf) })),
  }
}

function rowsOf(gguf: GgufFile, name: string): number | undefined {
  return gguf.head.tensors.get(name)?.shape[1]
}

function headNames(gguf: GgufFile): readonly string[] {
  return gguf.head.tensors.has('v.blk.0.attn_qkv.weight') ? ['attn_qkv'] : WRITTEN_NAMES.heads
}
