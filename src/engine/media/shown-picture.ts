import sharp, { type Sharp } from 'sharp'
import { shownSize } from '../../shared/media-metadata.ts'
import type { MediaInfo, RgbImage } from './types.ts'

/** A frame in the shape in which players show it, resized to fit into a box. Frames smaller than the box are enlarged only if `enlarge`. */
export function shownPicture(
  { width, height, rgb }: RgbImage,
  { pixelAspect }: Pick<MediaInfo, 'pixelAspect'>,
  box: { readonly width: number; readonly height: number },
  enlarge = false,
): { readonly width: number; readonly height: number; readonly picture: Sharp } {
  const shown = shownSize({ width, height, pixelAspect })
  const fitting = Math.min(box.width / shown.width, box.height / shown.height)
  const scale = enlarge ? fitting : Math.min(1, fitting)
  const size = { width: Math.max(1, Math.round(shown.width * scale)), height: Math.max(1, Math.round(shown.height * scale)) }
  const raw = sharp(rgb, { raw: { width, height, channels: 3 } })
  return { ...size, picture: raw.resize(size.width, size.height, { fit: 'fill' }) }
}
