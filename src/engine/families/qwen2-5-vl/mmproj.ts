import { TarsierError } from '../../../shared/errors.ts'
import type { Qwen25VlManifest } from '../../../shared/model-manifest.ts'
import type { MmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import { clipTemplate, expectMerger, headNames, QWEN_ARCHITECTURE } from '../../checkpoint/qwen-pair.ts'
import { DEFAULT_MAX_PIXELS, DEFAULT_MIN_PIXELS, type QwenProcessor } from '../../checkpoint/qwen-processor.ts'
import { readSliceTower } from '../../checkpoint/slice-tower.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource } from '../../formats/gguf/gguf-tensor-source.ts'
import type { FamilyPair } from '../model-family.ts'
import { writeQwen25VlMmproj } from './mmproj-export.ts'
import { qwen25VlMmprojTensors } from './mmproj-tensors.ts'
import { qwen25VlManifest, qwen25VlTower } from './parts.ts'
import { type Qwen25VlVisionConfig, qwen25VlVisionConfigSchema } from './vision-config.ts'

/** llama.cpp's name of Qwen2.5-VL's merger. */
const PROJECTOR = 'qwen2.5vl_merger'
/** Not in the files, and the same in all published checkpoints. */
const TOKENS_PER_SECOND = 2
/** Side of a window of attention in pixels, for files without it. */
const WINDOW = 112

/** The pair of files that llama.cpp's converter writes for this family. */
export const qwen25VlPair: FamilyPair<Qwen25VlManifest> = {
  projector: PROJECTOR,
  accepted: `Qwen2.5-VL (architecture ${QWEN_ARCHITECTURE}, projector "${PROJECTOR}")`,
  takes: (architecture) => architecture === QWEN_ARCHITECTURE,
  read({ language, shape, mmproj, settings, found }, options) {
    const vision = readVision(mmproj, settings, shape.width)
    const template = clipTemplate(language, options.template)
    const processor: QwenProcessor = {
      mean: [...settings.mean],
      std: [...settings.std],
      minPixels: settings.number('image_min_pixels') ?? DEFAULT_MIN_PIXELS,
      maxPixels: settings.number('image_max_pixels') ?? DEFAULT_MAX_PIXELS,
    }
    const tensors = new GgufTensorSource(mmproj, qwen25VlMmprojTensors(vision, headNames(mmproj)))
    return {
      manifest: qwen25VlManifest(options, { ...found, vision, processor, template, context: shape.context }),
      tower: qwen25VlTower(tensors, vision),
    }
  },
  write: (manifest, weights) => writeQwen25VlMmproj(manifest, weights, PROJECTOR),
}

/** `width` is the language model's. Throws `model-unsupported`, `model-mismatch`, `model-damaged`. */
function readVision(gguf: GgufFile, settings: MmprojSettings, width: number): Qwen25VlVisionConfig {
  const { path, head } = gguf
  if (head.values.get('clip.use_silu') !== true)
    throw new TarsierError('model-unsupported', `${path}: clip.use_silu is not true, but the vision tower of Qwen2.5-VL uses SiLU.`)
  expectMerger(gguf, settings, width)
  const pattern = settings.number('n_wa_pattern') ?? 0
  if (!Number.isInteger(pattern) || pattern < 1) {
    throw new TarsierError('model-damaged', `${path}: clip.vision.n_wa_pattern is ${pattern || 'missing'}. Download the file again.`)
  }
  return checkFields(
    {
      ...readSliceTower(gguf, settings, width),
      window_size: settings.number('window_size') ?? WINDOW,
      fullatt_block_indexes: Array.from({ length: settings.layers }, (_, layer) => layer).filter((layer) => (layer + 1) % pattern === 0),
      tokens_per_second: TOKENS_PER_SECOND,
    },
    qwen25VlVisionConfigSchema,
    path,
  )
}
