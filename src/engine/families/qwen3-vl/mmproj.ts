import { TarsierError } from '../../../shared/errors.ts'
import type { Qwen3VlManifest } from '../../../shared/model-manifest.ts'
import { type GgufPairFiles, pairMismatch } from '../../checkpoint/gguf-pair-files.ts'
import type { MmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import { clipTemplate, expectMerger, headNames, rowsOf } from '../../checkpoint/qwen-pair.ts'
import { readSliceTower } from '../../checkpoint/slice-tower.ts'
import { checkFields } from '../../formats/checked-json.ts'
import type { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { GgufTensorSource } from '../../formats/gguf/gguf-tensor-source.ts'
import type { FamilyPair } from '../model-family.ts'
import { LANGUAGE_ARCHITECTURE } from './config.ts'
import { CLIP_MAX_PIXELS, CLIP_MIN_PIXELS, writeQwen3VlMmproj } from './mmproj-export.ts'
import { qwen3VlMmprojTensors } from './mmproj-tensors.ts'
import { qwen3VlManifest, qwen3VlTower } from './parts.ts'
import { FRAMES_PER_SECOND, pictureLimits, type Qwen3VlProcessors } from './preprocessing.ts'
import { type Qwen3VlVisionConfig, qwen3VlVisionConfigSchema, rowWidth } from './vision-config.ts'

/** llama.cpp's name of Qwen3-VL's mergers. */
const PROJECTOR = 'qwen3vl_merger'
/** Limits of pictures, and of all frames of a clip together. Files of the converter do not have them, and they are the same in all published checkpoints. */
const PICTURE_PIXELS = [256 * 256, 4096 * 4096] as const
const CLIP_PIXELS = [64 * 64, 768 * 32 * 32 * 32] as const
const DEEPSTACK = /^v\.deepstack\.(\d+)\.fc1\.weight$/

/** The pair of files that llama.cpp's converter writes for this family. */
export const qwen3VlPair: FamilyPair<Qwen3VlManifest> = {
  projector: PROJECTOR,
  accepted: `Qwen3-VL (architecture ${LANGUAGE_ARCHITECTURE}, projector "${PROJECTOR}")`,
  takes: (architecture) => architecture === LANGUAGE_ARCHITECTURE,
  read({ language, shape, mmproj, settings, found }, options) {
    const vision = readVision(mmproj, settings, shape)
    const template = clipTemplate(language, options.template)
    const processors = processorsOf(mmproj, settings)
    const tensors = new GgufTensorSource(mmproj, qwen3VlMmprojTensors(vision, headNames(mmproj)))
    return {
      manifest: qwen3VlManifest(options, { ...found, processors, template, context: shape.context }),
      tower: qwen3VlTower(tensors, vision),
    }
  },
  write: (manifest, weights) => writeQwen3VlMmproj(manifest, weights, PROJECTOR),
}

/** Throws `model-unsupported`, `model-mismatch`, `model-damaged`. */
function readVision(gguf: GgufFile, settings: MmprojSettings, { width, rowWidth: expected }: GgufPairFiles['shape']): Qwen3VlVisionConfig {
  const { path, head } = gguf
  if (head.values.get('clip.use_gelu') !== true)
    throw new TarsierError('model-unsupported', `${path}: clip.use_gelu is not true, but the vision tower of Qwen3-VL uses GELU.`)
  expectMerger(gguf, settings, width)
  const vision = checkFields(
    {
      ...readSliceTower(gguf, settings, width),
      num_position_embeddings: rowsOf(gguf, 'v.position_embd.weight'),
      deepstack_visual_indexes: deepstackOf(gguf),
    },
    qwen3VlVisionConfigSchema,
    path,
  )
  if (rowWidth(vision) !== expected) throw pairMismatch(path, rowWidth(vision), expected)
  return vision
}

/** The layers with a merger of their own. llama.cpp, too, goes by the tensors, and not by clip.vision.is_deepstack_layers. */
function deepstackOf({ head }: GgufFile): number[] {
  const layers = [...head.tensors.keys()].flatMap((name) => DEEPSTACK.exec(name)?.[1] ?? [])
  return layers.map(Number).sort((one, other) => one - other)
}

function processorsOf({ head: { values } }: GgufFile, settings: MmprojSettings): Qwen3VlProcessors {
  const own = (key: string, absent: number) => {
    const value = values.get(key)
    return typeof value === 'number' ? value : absent
  }
  return {
    preprocessing: {
      mean: [...settings.mean],
      std: [...settings.std],
      ...pictureLimits(settings.number('image_min_pixels') ?? PICTURE_PIXELS[0], settings.number('image_max_pixels') ?? PICTURE_PIXELS[1]),
      clipMinPixels: own(CLIP_MIN_PIXELS, CLIP_PIXELS[0]),
      clipMaxPixels: own(CLIP_MAX_PIXELS, CLIP_PIXELS[1]),
    },
    perSecond: FRAMES_PER_SECOND,
  }
}
