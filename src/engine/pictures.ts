import sharp from 'sharp'
import { assertNever } from '../shared/errors.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { towerForm } from './families/families.ts'
import { openClip } from './media/open-clip.ts'
import { resizeBicubic } from './media/resize.ts'
import { shownPicture } from './media/shown-picture.ts'
import type { RgbImage } from './media/types.ts'
import { smartResize } from './vision/smart-resize.ts'

/** Longest sides of a thumbnail, in pixels. */
const THUMBNAIL = { width: 320, height: 320 }

/** How frames are stored: `png` keeps every pixel; `jpeg` takes an eighth of the bytes, and `fine-jpeg` a quarter. */
export type PictureFormat = 'jpeg' | 'fine-jpeg' | 'png'

/** A frame as a picture file, with the size that the tower receives. */
export interface EncodedFrame {
  readonly index: number
  readonly time: number
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
  readonly done: number
  readonly of: number
}

export interface PicturesRequest {
  readonly path: string
  readonly frames: FrameRequest
  readonly maxPixels?: number | undefined
  /** Defaults to `jpeg`. */
  readonly format?: PictureFormat | undefined
}

/**
 * The frames of a clip at the size that the model receives; without a manifest the original frames, shrunk to `maxPixels`.
 * @param onNotice called with sentences about the file and its frames
 */
export async function* framePictures(
  { path, frames, maxPixels, format = 'jpeg' }: PicturesRequest,
  manifest: ModelManifest | null,
  signal: AbortSignal,
  onNotice: (text: string) => void = () => {},
): AsyncGenerator<EncodedFrame, void> {
  await using clip = await openClip(path, signal)
  const plan = clip.plan(frames, manifest?.sampler)
  for (const notice of [...clip.info.notices, ...plan.notices]) onNotice(notice)
  const form = manifest && towerForm(manifest)
  const limits = { frameCount: plan.indices.length, maxPixels }
  let done = 0
  for await (const frame of clip.frames(plan, signal, onNotice)) {
    const picture = form ? form.prepare(frame, limits) : shrunk(frame, maxPixels)
    done += 1
    const { width, height } = picture
    yield { index: frame.index, time: frame.time, width, height, bytes: await encoded(picture, format), done, of: plan.indices.length }
  }
}

function shrunk(frame: RgbImage, maxPixels: number | undefined): RgbImage {
  if (maxPixels === undefined || frame.width * frame.height <= maxPixels) return frame
  const { width, height } = smartResize(frame, 1, 0, maxPixels)
  return resizeBicubic(frame, width, height)
}

/** Thumbnail of a clip, in the shape in which players show it: of the frame at a time in seconds, or of the middle if it is null. */
export async function thumbnailOf(path: string, time: number | null, signal: AbortSignal): Promise<Uint8Array> {
  await using clip = await openClip(path, signal)
  const frames: FrameRequest = time === null ? { kind: 'middle', count: 1 } : { kind: 'times', times: [time] }
  for await (const frame of clip.frames(clip.plan(frames), signal))
    return await shownPicture(frame, clip.info, THUMBNAIL).picture.jpeg({ quality: 80 }).toBuffer()
  throw new Error('a clip returns a frame or throws')
}

async function encoded(picture: RgbImage, format: PictureFormat): Promise<Uint8Array> {
  switch (format) {
    case 'jpeg':
      return await rawPicture(picture).jpeg({ quality: 90 }).toBuffer()
    case 'fine-jpeg':
      return await rawPicture(picture).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()
    case 'png':
      // A third smaller than without filters, and written faster than with a higher level of compression.
      return await rawPicture(picture).png({ compressionLevel: 3, adaptiveFiltering: true }).toBuffer()
    default:
      return assertNever(format, 'picture format')
  }
}

function rawPicture({ width, height, rgb }: RgbImage) {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
}
