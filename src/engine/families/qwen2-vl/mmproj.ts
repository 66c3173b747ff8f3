import { TarsierError } from '../../../shared/errors.ts'
import type { Tarsier2Manifest } from '../../../shared/model-manifest.ts'
import { feedForwardNames, type MmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import { clipTemplate, expectMerger, headNames, QWEN_ARCHITECTURE, rowsOf, SLICES } from '../../checkpoint/qwen-pair.ts'
import { DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS } from '../../checkpoint/qwen-processor.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource } from '../../formats/gguf/gguf-tensor-source.ts'
import type { FamilyPair } from '../model-family.ts'
import { writeQwen2VlMmproj } from './mmproj-export.ts'
import { qwen2VlMmprojTensors } from './mmproj-tensors.ts'
import { qwen2VlManifest, qwen2VlTower } from './parts.ts'
import { CLIP_MAX_PIXELS, FRAME_MAX_PIXELS } from './preprocessing.ts'
import { type Qwen2VlVisionConfig, qwen2VlVisionConfigSchema } from './vision-config.ts'

/** llama.cpp's name of Qwen2-VL's merger. */
const PROJECTOR = 'qwen2vl_merger'

interface Qwen2VlMmproj {
  readonly vision: Qwen2VlVisionConfig
  readonly preprocessing: Tarsier2Manifest['preprocessing']
  /** The tower's tensors under the names of a published checkpoint. */
  readonly tensors: GgufTensorSource
}

/** The pair of files that llama.cpp's converter writes for this family. */
export const qwen2VlPair: FamilyPair<Tarsier2Manifest> = {
  projector: PROJECTOR,
  accepted: `Qwen2-VL (architecture ${QWEN_ARCHITECTURE}, projector "${PROJECTOR}")`,
  takes: (architecture) => architecture === QWEN_ARCHITECTURE,
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
  expectMerger(gguf, settings, width)
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
