import sharp from 'sharp'
import type { FrameRequest } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { towerForm } from './families/families.ts'
import { openClip } from './media/open-clip.ts'
import { resizeBicubic } from './media/resize.ts'
import type { RgbImage } from './media/types.ts'
import { smartResize } from './vision/smart-resize.ts'

/** Longer side of a thumbnail, in pixels. */
const THUMBNAIL = 320

/** A frame as a JPEG, with the pixels that the tower receives. */
export interface JpegFrame {
  readonly index: number
  readonly time: number
  readonly width: number
  readonly height: number
  readonly jpeg: Uint8Array
  readonly done: number
  readonly of: number
}

export interface PicturesRequest {
  readonly path: string
  readonly frames: FrameRequest
  readonly maxPixels?: number | undefined
}

/** The frames of a clip at the size that the model receives; without a manifest the original frames, shrunk to `maxPixels`. */
export async function* framePictures(
  { path, frames, maxPixels }: PicturesRequest,
  manifest: ModelManifest | null,
  signal: AbortSignal,
): AsyncGenerator<JpegFrame, void> {
  await using clip = await openClip(path, signal)
  const plan = clip.plan(frames, manifest?.sampler)
  const form = manifest && towerForm(manifest)
  const limits = { frameCount: plan.indices.length, maxPixels }
  let done = 0
  for await (const frame of clip.frames(plan, signal)) {
    const picture = form ? form.prepare(frame, limits) : shrunk(frame, maxPixels)
    done += 1
    const { width, height } = picture
    yield { index: frame.index, time: frame.time, width, height, jpeg: await jpegOf(picture, 90), done, of: plan.indices.length }
  }
}

function shrunk(frame: RgbImage, maxPixels: number | undefined): RgbImage {
  if (maxPixels === undefined || frame.width * frame.height <= maxPixels) return frame
  const { width, height } = smartResize(frame, 1, 0, maxPixels)
  return resizeBicubic(frame, width, height)
}

/** Thumbnail of the middle of a clip. */
export async function thumbnailOf(path: string, signal: AbortSignal): Promise<Uint8Array> {
  await using clip = await openClip(path, signal)
  for await (const frame of clip.frames(clip.plan({ kind: 'middle', count: 1 }), signal)) return await jpegOf(frame, 80, THUMBNAIL)
  throw new Error('a clip returns a frame or throws')
}

async function jpegOf({ width, height, rgb }: RgbImage, quality: number, longerSide?: number): Promise<Uint8Array> {
  const raw = sharp(rgb, { raw: { width, height, channels: 3 } })
  const sized = longerSide === undefined ? raw : raw.resize(longerSide, longerSide, { fit: 'inside', withoutEnlargement: true })
  return await sized.jpeg({ quality }).toBuffer()
}
