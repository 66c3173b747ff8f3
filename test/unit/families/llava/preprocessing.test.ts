import { describe, expect, test } from 'vitest'
import { readLlavaConfig } from '../../../../src/engine/families/llava/config.ts'
import { readClipPreprocessing } from '../../../../src/engine/families/llava/preprocessing.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const vision_config = { model_type: 'clip_vision_model', hidden_size: 64, num_attention_heads: 4, image_size: 336, patch_size: 14 }
const text_config = { model_type: 'llama', vocab_size: 32064 }
const towerOf = (architecture: string) =>
  readLlavaConfig({ model_type: 'llava', architectures: [architecture], vision_config, text_config }, '').tower
const tarsier = towerOf('TarsierForConditionalGeneration')
const llava = towerOf('LlavaForConditionalGeneration')
/** The published file. */
const published = {
  crop_size: { height: 336, width: 336 },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  image_processor_type: 'CLIPImageProcessor',
  resample: 3,
  rescale_factor: 0.00392156862745098,
  size: { shortest_edge: 336 },
}

async function read(settings: object | null, tower = tarsier, padding?: boolean) {
  await using folder = await ScratchFolder.make()
  if (settings) await folder.write('preprocessor_config.json', JSON.stringify(settings))
  return await readClipPreprocessing(folder.directory, tower, padding)
}

test('Tarsier stretches frames, with the numbers of CLIP', async () => {
  const { image_mean: mean, image_std: std } = published
  expect(await read(published)).toEqual({ mean, std, square: 'stretch', shortestSide: 336 })
  expect(await read(null)).toEqual({ mean, std, square: 'stretch', shortestSide: 336 })
  expect(await read({ size: 336, crop_size: 336 })).toEqual({ mean, std, square: 'stretch', shortestSide: 336 })
})

test('pads if config.json or the processor says so, and config.json takes precedence', async () => {
  expect(await read(published, tarsier, true)).toMatchObject({ square: 'pad' })
  expect(await read({ ...published, do_image_padding: true })).toMatchObject({ square: 'pad' })
  expect(await read({ ...published, do_image_padding: true }, tarsier, false)).toMatchObject({ square: 'stretch' })
})

test('LLaVA crops, or pads if its processor does', async () => {
  expect(await read(published, llava)).toMatchObject({ square: 'crop', shortestSide: 336 })
  expect(await read({ ...published, do_pad: true }, llava)).toMatchObject({ square: 'pad' })
  expect(await read({ ...published, size: { shortest_edge: 384 } }, llava)).toMatchObject({ shortestSide: 384 })
})

describe('rejects other steps', () => {
  test.each([
    [{ do_resize: false }, /do_resize is false/],
    [{ do_normalize: false }, /do_normalize is false/],
    [{ resample: 2 }, /resample is 2; supported: 3/],
    [{ rescale_factor: 1 }, /rescale_factor is 1/],
    [{ image_std: [0.2, 0, 0.2] }, /image_std/],
    [{ crop_size: { height: 224, width: 224 } }, /crop_size is 224 by 224.*\(336\)/],
    [{ size: { shortest_edge: 224 } }, /size is 224; supported: at least/],
    [{ size: { height: 336, width: 400 } }, /size is 336 by 400/],
    [{ do_center_crop: false, size: 400 }, /size is 400/],
  ])('%j', async (change, sentence) => {
    await expect(read({ ...published, ...change })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringMatching(sentence),
    })
  })

  test('pictures that are not square need the crop', async () => {
    await expect(read({ ...published, do_center_crop: false }, llava)).rejects.toMatchObject({ code: 'model-unsupported' })
    await expect(read({ ...published, size: { height: 336, width: 336 } }, llava)).rejects.toMatchObject({ code: 'model-unsupported' })
    expect(await read({ ...published, do_center_crop: false, size: { height: 336, width: 336 } })).toMatchObject({ square: 'stretch' })
  })

  test('invalid numbers', async () => {
    await expect(read({ ...published, size: { shortest_edge: -1 } })).rejects.toMatchObject({ code: 'model-damaged' })
  })
})
